//go:build tools

// Package tools holds the module that pins Helm for the tests of the chart.
package tools

import _ "helm.sh/helm/v3/cmd/helm"
