"""What a caller is told when the answer is no: RFC 9457 problem details.

A problem is a value. Its reason code is the last part of `type`; the sentence is made
from the code and the arguments, which travel along for programs.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Final

import msgspec

from fabnet.node.web.sentences import sentence, title
from fabnet.records.refusal import Refusal

MEDIA_TYPE: Final = "application/problem+json"
_TYPE: Final = "urn:fabnet:reason:"

_STATUS: Final = {
    "not-a-steward": HTTPStatus.FORBIDDEN,
    "too-many-jobs": HTTPStatus.SERVICE_UNAVAILABLE,
    "no-such-open-job": HTTPStatus.NOT_FOUND,
    "no-closed-lot": HTTPStatus.NOT_FOUND,
    "no-such-lot": HTTPStatus.NOT_FOUND,
    "document-unreadable": HTTPStatus.UNPROCESSABLE_ENTITY,
    "document-of-another-lot": HTTPStatus.UNPROCESSABLE_ENTITY,
    "site-of-another-cooperative": HTTPStatus.UNPROCESSABLE_ENTITY,
    "signers-missing": HTTPStatus.FORBIDDEN,
}
"""Refusals of the peer's that are more than a conflict with how things stand."""


class Problem(msgspec.Struct, frozen=True):
    """Why something was not done (RFC 9457)."""

    type: str
    """`urn:fabnet:reason:` and the reason code."""
    title: str
    status: int
    detail: str
    field: str | None
    """The field of the request that is wrong, if one is."""
    args: dict[str, str | int]

    @property
    def reason(self) -> str:
        """The reason code."""
        return self.type.removeprefix(_TYPE)


def problem(
    status: int, reason: str, field: str | None = None, **args: str | int
) -> Problem:
    """Return the problem that a reason code and its arguments are."""
    detail = sentence(reason, {**args, "field": field or ""})
    return Problem(_TYPE + reason, title(reason), status, detail, field, args)


def wrong_field(field: str, expected: str) -> Problem:
    """Return the problem that a field of the request is not what it should be."""
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "wrong-field", field, expected=expected
    )


def missing(what: str, name: str) -> Problem:
    """Return the problem that nothing is known by that name."""
    return problem(HTTPStatus.NOT_FOUND, "not-found", what=what, name=name)


def refused(refusal: Refusal) -> Problem:
    """Return the peer's refusal as a problem."""
    status = _STATUS.get(refusal.reason, HTTPStatus.CONFLICT)
    return problem(status, refusal.reason, None, **dict(refusal.args))
