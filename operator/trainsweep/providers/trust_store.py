"""The certificates that providers are trusted by: one TLS context for all accounts, opened at first use.

A context costs 0.8 MB and 20 ms, so accounts share it. Sources: `SSL_CERT_FILE`, else `SSL_CERT_DIR` (see the manual of
OpenSSL, "default verify paths"), else the certificates of the package certifi.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path

import certifi

from trainsweep.providers.http import Held

#: What tells whether a store is the same as before: variable, path, and what changes when a file is replaced.
Store = tuple[str, str, int, int]


class TrustStores:
    """Contexts by store. A file that was replaced makes a new one; connections that stand keep theirs."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._environ = environ
        self._opened: tuple[Store, ssl.SSLContext] | None = None

    def context(self) -> ssl.SSLContext:
        """Raises `Held` with a sentence that names the file, and how to mend it, when there is no certificate in it."""
        variable, path = self._chosen()
        store = _identify(variable, path)
        if self._opened is None or self._opened[0] != store:
            self._opened = store, _open(variable, path)
        return self._opened[1]

    @property
    def source(self) -> str:
        """Where the certificates come from, in words."""
        variable, path = self._chosen()
        return f"{path} of {variable}" if variable else "certifi"

    def _chosen(self) -> tuple[str, str]:
        for variable in ("SSL_CERT_FILE", "SSL_CERT_DIR"):
            if path := self._environ.get(variable, ""):
                return variable, path
        return "", certifi.where()


#: The one of this process.
TRUST_STORES = TrustStores()


def _identify(variable: str, path: str) -> Store:
    if variable == "SSL_CERT_DIR":
        return variable, path, 0, 0  # read at each handshake
    try:
        found = Path(path).stat()
    except OSError as error:
        raise _unusable(variable, path, error.strerror or "it cannot be read") from None
    return variable, path, found.st_mtime_ns, found.st_ino


def _open(variable: str, path: str) -> ssl.SSLContext:
    if variable == "SSL_CERT_DIR":
        if not any(Path(folder).is_dir() for folder in path.split(os.pathsep)):
            raise _unusable(variable, path, "there is no such folder")
        return ssl.create_default_context(capath=path)
    if Path(path).is_dir():
        raise _unusable(variable, path, "it is a folder, which belongs into SSL_CERT_DIR")
    try:
        context = ssl.create_default_context(cafile=path)
    except (OSError, ValueError):
        raise _unusable(variable, path, "it holds no certificates in PEM form, or cannot be read") from None
    if not context.cert_store_stats()["x509_ca"] and not context.cert_store_stats()["x509"]:
        raise _unusable(variable, path, "it holds no certificates in PEM form")
    return context


def _unusable(variable: str, path: str, why: str) -> Held:
    source = f"{variable} of the operator names {path}" if variable else f"the certificates of certifi are in {path}"
    return Held(f"{source}, and {why}. No provider can be reached over TLS until that is mended.")
