"""The two vendors' signatures, as pure functions: the contract's test vectors prove them.

Both are plain MD5 (or SHA-256) over text that contains the secret; neither is an HMAC. Nothing else in callkit
handles a secret in the clear.
"""

from __future__ import annotations

from hashlib import md5, sha256

__all__ = ["NX_ALGORITHMS", "itnio_signature", "nx_signature"]

NX_ALGORITHMS = {"md5": md5, "sha256": sha256}


def itnio_signature(api_key: str, api_secret: str, timestamp: str) -> str:
    """Sign a request to ITNIO: MD5 over key, secret and timestamp. The body is not signed.

    Parameters
    ----------
    api_key, api_secret
        The account's credentials.
    timestamp
        Unix seconds, the same text as in the header `Timestamp`.

    Examples
    --------
    The vector on the vendor's page:

    >>> from callkit.fetch.signing import itnio_signature
    >>> itnio_signature("bDqJFiq9", "7bz1lzh9", "1630468800")
    '05d7a50893e22a5c4bb3216ae3396c7c'
    """
    return md5(f"{api_key}{api_secret}{timestamp}".encode()).hexdigest()


def nx_signature(
    access_key: str,
    access_secret: str,
    body: bytes,
    *,
    action: str,
    biz_type: str,
    timestamp: str,
    algorithm: str = "md5",
) -> str:
    """Sign a request to NXCloud: a hash over four headers, the body's bytes as sent, and the secret.

    Parameters
    ----------
    access_key, access_secret
        The account's credentials.
    body
        The very bytes that are sent; an empty body is left out of the signature.
    action, biz_type, timestamp
        The headers `action`, `bizType` and `ts` (Unix milliseconds) as sent.
    algorithm
        `"md5"` or `"sha256"`.

    Examples
    --------
    A vector on the vendor's page:

    >>> from callkit.fetch.signing import nx_signature
    >>> body = '{"name":"牛小信","id":10001}'.encode()
    >>> nx_signature("fme2na3kdi3ki", "abciiiko2k3", body, action="send", biz_type="1", timestamp="1655710885431")
    '87c3560d3331ae23f1021e2025722354'
    """
    head = f"accessKey={access_key}&action={action}&bizType={biz_type}&ts={timestamp}".encode()
    middle = b"&body=" + body if body else b""
    return NX_ALGORITHMS[algorithm](head + middle + f"&accessSecret={access_secret}".encode()).hexdigest()
