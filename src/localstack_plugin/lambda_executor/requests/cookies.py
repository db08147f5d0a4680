"""The cookies in the answer of a function that is called by its URL. Pure."""

import json

COOKIES = '"cookies"'
END_OF_METADATA = "\0" * 8


def cookies_in(payload: str) -> list[str]:
    """Return the cookies of an answer, or of the metadata before a streamed one."""
    head = payload.partition(END_OF_METADATA)[0]
    if COOKIES not in head:  # nearly every answer: it is not read a second time
        return []
    try:
        answer = json.loads(head)
    except ValueError:
        return []
    cookies = answer.get("cookies") if isinstance(answer, dict) else None
    return [str(cookie) for cookie in cookies] if isinstance(cookies, list) else []
