"""Who speaks to the API server, and by which way: one `Connection` for the watch and for the writer alike."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import ssl
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from kubernetes.aio import client, config

from trainsweep.kube import exec_plugin, kubeconfig
from trainsweep.kube.kubeconfig import Chosen


class Connection(client.Configuration):  # type: ignore[misc]  # the package has no types
    """What a login amounts to. `source` says where it comes from, `until` when it ends, if that can be told.

    `identity` is a client certificate with its key in PEM. It is kept in memory: a file in /tmp may be gone tomorrow.
    """

    def __init__(self) -> None:
        super().__init__()
        self.retries = 1
        self.source = ""
        self.until: datetime | None = None
        self.identity: tuple[bytes, bytes] = (b"", b"")

    @property
    def trust(self) -> ssl.SSLContext:
        """Made anew. Raises `ConfigException` for certificates that are none."""
        return trust_of(self, *self.identity)


@dataclass(frozen=True, slots=True)
class Login:
    """Where the login comes from: an explicit kubeconfig and context, else the usual rules, else the pod's account."""

    kubeconfig: str | None = None
    context: str | None = None

    def chosen(self) -> Chosen | None:
        """What the kubeconfig says; None when there is no file. Raises `ConfigException`."""
        files = [Path(self.kubeconfig)] if self.kubeconfig else kubeconfig.default_files()
        if any(path.exists() for path in files):
            return kubeconfig.choose(files, self.context)
        if self.kubeconfig or self.context:
            raise config.ConfigException(f"{', '.join(map(str, files))}: there is no such file.")
        return None

    async def configuration(self) -> Connection:
        """Load it afresh: tokens rotate. Raises ConfigException, which says where a login was looked for."""
        chosen = self.chosen()
        connection = await _of_kubeconfig(chosen) if chosen else _of_pod()
        _ = connection.trust  # certificates that are none are told now, and not by a request
        return connection


def _of_pod() -> Connection:
    connection = Connection()
    connection.source = "the pod's service account"
    try:
        config.load_incluster_config(client_configuration=connection)
    except config.ConfigException as no_pod:
        files = ", ".join(map(str, kubeconfig.default_files()))
        reasons = f"neither a kubeconfig ({files} does not exist) nor a pod's service account ({no_pod})"
        raise config.ConfigException(f"There is {reasons}.") from None
    connection.until = _end_of_token(str(connection.api_key.get("BearerToken") or ""))
    return connection


async def _of_kubeconfig(chosen: Chosen) -> Connection:
    connection = Connection()
    connection.source = f"the context {chosen.context}"
    cluster = chosen.cluster.body
    connection.host = str(cluster["server"]).rstrip("/")
    connection.verify_ssl = not cluster.get("insecure-skip-tls-verify")
    connection.tls_server_name = cluster.get("tls-server-name") or None
    connection.proxy = _proxy(cluster.get("proxy-url"))
    try:
        connection.ca_cert_data = chosen.cluster.pem("certificate-authority").decode("ascii") or None
    except UnicodeDecodeError:
        raise config.ConfigException("certificate-authority of the kubeconfig holds no certificate in PEM.") from None
    connection.identity = chosen.user.pem("client-certificate"), chosen.user.pem("client-key")
    connection.until = _end_of_certificate(connection.identity[0])
    if authorization := await _authorization(chosen, connection):
        connection.api_key["BearerToken"] = authorization
        connection.until = connection.until or _end_of_token(authorization)
    return connection


async def _authorization(chosen: Chosen, connection: Connection) -> str:
    """The header's value, "" for none; a program may bring a certificate instead. The order is client-go's."""
    user = chosen.user
    if (path := user.path("tokenFile")) or user.body.get("token"):
        token = kubeconfig.read_bytes(path, "tokenFile").decode().strip() if path else str(user.body["token"])
        if not token:
            raise config.ConfigException(f"tokenFile: {path} is empty.")
        return f"Bearer {token}"
    if user.body.get("auth-provider"):
        return _of_auth_provider(chosen)
    if user.body.get("exec"):
        answer = await exec_plugin.run(chosen)
        connection.until = answer.until
        if answer.certificate:
            connection.identity = answer.certificate, answer.key
            connection.until = answer.until or _end_of_certificate(answer.certificate)
        return f"Bearer {answer.token}" if answer.token else ""
    if "username" in user.body and "password" in user.body:
        pair = f"{user.body['username']}:{user.body['password']}"
        return f"Basic {base64.b64encode(pair.encode()).decode()}"
    return ""


def _of_auth_provider(chosen: Chosen) -> str:
    """Of these only oidc is still known to Kubernetes; its token is used while it is valid."""
    provider = chosen.user.body["auth-provider"]
    token = str((provider.get("config") or {}).get("id-token") or "")
    if provider.get("name") == "oidc" and token:
        end = _end_of_token(f"Bearer {token}")
        if end is None or end > datetime.now(UTC):
            return f"Bearer {token}"
        problem = f"its token ended at {end:%Y-%m-%d %H:%M} UTC and is not renewed here"
    else:
        problem = "it is not supported"
    raise config.ConfigException(
        f"the user {chosen.user_name} logs in by the auth provider {provider.get('name')!r}, and {problem}; use a "
        "login program (exec), such as kubelogin or that of your cloud."
    )


def _proxy(written: Any) -> str | None:
    if not written:
        return None
    if not str(written).startswith(("http://", "https://")):
        raise config.ConfigException("proxy-url of the kubeconfig is no http:// or https:// URL; others do not work.")
    return str(written)


def trust_of(configuration: client.Configuration, certificate: bytes = b"", key: bytes = b"") -> ssl.SSLContext:
    """The TLS of a configuration. OpenSSL reads a client certificate from files alone: they exist for a moment."""
    try:
        context = ssl.create_default_context(cafile=configuration.ssl_ca_cert, cadata=configuration.ca_cert_data)
    except (ssl.SSLError, OSError, ValueError):
        raise config.ConfigException("the certificate authority of the login holds no certificate in PEM.") from None
    if not configuration.verify_ssl:
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if configuration.disable_strict_ssl_verification:
        context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if configuration.cert_file:
        context.load_cert_chain(configuration.cert_file, configuration.key_file)
    if certificate or key:
        try:
            _load_chain(context, certificate, key)
        except (ssl.SSLError, ValueError):
            raise config.ConfigException("client certificate and key of the login do not fit together.") from None
        except OSError as error:
            raise config.ConfigException(
                f"a client certificate needs a place for temporary files, and there is none ({error.strerror}); "
                "set TMPDIR to a folder that can be written."
            ) from None
    return context


def _load_chain(context: ssl.SSLContext, certificate: bytes, key: bytes) -> None:
    with ExitStack() as stack:

        def file(content: bytes) -> str:
            handle, path = tempfile.mkstemp()
            stack.callback(os.unlink, path)
            with os.fdopen(handle, "wb") as written:
                written.write(content)
            return path

        context.load_cert_chain(file(certificate), file(key))


def _end_of_token(authorization: str) -> datetime | None:
    """When a JWT ends; None for other tokens."""
    parts = authorization.strip().rpartition(" ")[2].split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC)
    except (ValueError, KeyError, TypeError, binascii.Error, OverflowError, OSError):
        return None


#: The validity of a certificate in DER (RFC 5280 section 4.1.2.5): two times, of which the second is the end.
_VALIDITY = re.compile(rb"(?:\x17\x0d\d{12}|\x18\x0f\d{14})Z(?:\x17\x0d(\d{12})|\x18\x0f(\d{14}))Z")


def _end_of_certificate(pem: bytes) -> datetime | None:
    try:
        first = pem.decode("ascii").partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END")[0]
        found = _VALIDITY.search(base64.b64decode(first))
    except (ValueError, binascii.Error):
        return None
    if not found:
        return None
    short, long = found.groups()
    century = b"" if long else (b"20" if short[:2] < b"50" else b"19")
    return datetime.strptime((century + (long or short)).decode(), "%Y%m%d%H%M%S").replace(tzinfo=UTC)
