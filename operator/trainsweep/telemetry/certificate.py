"""The certificate of the metrics' port, read again when its files change: cert-manager and others renew it in place."""

from __future__ import annotations

import logging
import ssl
from dataclasses import dataclass
from pathlib import Path

from trainsweep.core.errors import TrainsweepError

log = logging.getLogger(__name__)


class CertificateUnusable(TrainsweepError):
    """A file is missing, or the two do not fit each other. The text says which they are."""


@dataclass(slots=True)
class Certificate:
    """`context()` is what a server asks for each connection. Raises `CertificateUnusable` when it is made."""

    certificate: Path
    key: Path
    _context: ssl.SSLContext | None = None
    _times: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        try:
            self._load(self._changed())
        except OSError as error:
            raise CertificateUnusable(self._unusable(error)) from None

    def context(self) -> ssl.SSLContext:
        try:
            if (times := self._changed()) != self._times:
                self._load(times)
        except OSError as error:  # half of it may be written; the former one is still good
            log.warning("a certificate cannot be read again", extra={"why": self._unusable(error)})
        assert self._context is not None  # noqa: S101 (made above)
        return self._context

    def _changed(self) -> tuple[int, int]:
        return self.certificate.stat().st_mtime_ns, self.key.stat().st_mtime_ns

    def _load(self, times: tuple[int, int]) -> None:
        self._times = times
        made = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        made.minimum_version = ssl.TLSVersion.TLSv1_2
        made.load_cert_chain(self.certificate, self.key)
        self._context = made

    def _unusable(self, error: OSError) -> str:
        why = error.strerror or str(error)
        return f"--metrics-tls-cert {self.certificate} and --metrics-tls-key {self.key} cannot be used ({why})."
