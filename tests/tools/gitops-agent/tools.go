//go:build tools

// Package tools holds the module that pins Argo CD's sync engine for the tests.
package tools

import _ "github.com/argoproj/gitops-engine/agent"
