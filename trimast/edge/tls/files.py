"""The three files that a member of a cluster needs, as `trimast tls` names them."""

from typing import Final

CA_FILE: Final = "ca.pem"
CERTIFICATE_FILE: Final = "cert.pem"
KEY_FILE: Final = "key.pem"


class TlsFilesRefused(Exception):
    """Its text names the file, what is wrong with it and what would be right."""
