"""A credential said once more as a JWT, for readers of JOSE.

VC-JOSE-COSE: the payload is the document without its proofs, the media type `vc+jwt`,
the algorithm EdDSA, and `kid` names the key in the `did:key` that issued. It is an
export: nothing here reads one, and a record never carries one.
"""

from __future__ import annotations

import base64
from typing import Final

from fabnet.errors import InputError
from fabnet.records.credential import Credential, canonical_json
from fabnet.records.keys import SigningKey

MEDIA_TYPE: Final = "application/vc+jwt"


def enveloped(credential: Credential, key: SigningKey) -> str:
    """Return a credential as a compact JWS by `key`, which must be its one signer's.

    The same credential gives the same text each time, since Ed25519 does.
    """
    did = key.public.did
    if credential.issuer != did or credential.signers != {key.public}:
        raise InputError(
            "key", f"expected that of {credential.issuer}, which issued it"
        )
    header = canonical_json(
        {
            "alg": "EdDSA",
            "cty": "vc",
            "kid": f"{did}#{did.removeprefix('did:key:')}",
            "typ": "vc+jwt",
        }
    )
    document = {
        name: value for name, value in credential.document.items() if name != "proof"
    }
    signed = f"{_base64url(header)}.{_base64url(canonical_json(document))}"
    return f"{signed}.{_base64url(key.sign(signed.encode()))}"


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
