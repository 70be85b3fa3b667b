"""The signatures, proven by every vector of the contract."""

from hashlib import md5, sha256

import pytest

from callkit.fetch.signing import itnio_signature, nx_signature


def test_itnio_vector():
    """The vector on ITNIO's page is reproduced."""
    assert itnio_signature("bDqJFiq9", "7bz1lzh9", "1630468800") == "05d7a50893e22a5c4bb3216ae3396c7c"


@pytest.mark.parametrize(
    ("body", "sign"),
    [
        ('{"name":"牛小信","id":10001}', "87c3560d3331ae23f1021e2025722354"),
        ('{"id":10001,"name":"牛小信"}', "7750759da06333f20d0640be09355e34"),
        ('{"id": 10001, "name": "牛小信"}', "d0c24a9886c629330d7f3f2056c65bc2"),
    ],
)
def test_nx_vectors(body, sign):
    """NXCloud's three vectors are reproduced: the bytes of the body count, not its meaning."""
    given = nx_signature(
        "fme2na3kdi3ki", "abciiiko2k3", body.encode(), action="send", biz_type="1", timestamp="1655710885431"
    )
    assert given == sign


def test_nx_sha256_and_empty_body():
    """SHA-256 is a plain hash over the same text, and an empty body is left out of it."""
    with_body = nx_signature("k", "s", b"{}", action="mt", biz_type="2", timestamp="1", algorithm="sha256")
    without = nx_signature("k", "s", b"", action="mt", biz_type="2", timestamp="1")
    assert with_body == sha256(b"accessKey=k&action=mt&bizType=2&ts=1&body={}&accessSecret=s").hexdigest()
    assert without == md5(b"accessKey=k&action=mt&bizType=2&ts=1&accessSecret=s").hexdigest()
