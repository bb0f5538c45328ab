import pytest

from trimast.model.uri import ArchiveKind, Uri, fault_of_uri, shown

DIGEST = "0123456789ABCDEF" * 4


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        (Uri("http://h/a/b.tgz?x=1"), "b.tgz"),
        (Uri(f"https://h:8443/b#sha256={DIGEST}"), "b"),
        (Uri("file:///srv/a%20b"), "a%20b"),
        (Uri("/srv/a#b"), "a"),
        (Uri("http://h/", output_file="sub/x"), "sub/x"),
    ],
)
def test_it_lands_under_its_own_name_or_the_one_that_it_is_given(uri: Uri, path: str) -> None:
    assert (fault_of_uri(uri), uri.path) == (None, path)


@pytest.mark.parametrize(
    ("uri", "fault"),
    [
        (Uri(""), "must have a value"),
        (Uri("x" * 9000), "more than 8192 characters"),
        (Uri("gopher://h/x"), "scheme 'gopher'"),
        (Uri("relative/x"), "scheme ''"),
        (Uri("http:///x"), "names no host"),
        (Uri("http://h:99999/x"), "cannot be read"),
        (Uri("http://[::1/x"), "cannot be read"),
        (Uri("http://h/a\nb"), "control character"),
        (Uri("file://other/x"), "names a host"),
        (Uri("http://h/"), "does not end in a name"),
        (Uri("http://h/.."), "without '..'"),
        (Uri("http://h/stdout"), "must not be stdout"),
        (Uri("http://h/x", output_file="/etc/x"), "not an absolute one"),
        (Uri("http://h/x", output_file="a/../../x"), "without '..'"),
        (Uri("http://h/x", output_file="a//x"), "without ''"),
        (Uri("http://h/x", output_file="a\0b"), "no file may have"),
        (Uri("http://h/x", output_file="ü" * 128), "no file may have"),
        (Uri("http://h/x", output_file="stderr"), "must not be stderr"),
        (Uri("http://h/x#sha1=ab"), "sha256 and sha512 are supported"),
        (Uri("http://h/x#sha256=ab"), "64 hexadecimal digits"),
    ],
)
def test_what_can_be_fetched_nowhere_is_refused_with_the_reason(uri: Uri, fault: str) -> None:
    assert fault in (fault_of_uri(uri) or "")


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.tar", ArchiveKind.TAR),
        ("a.TGZ", ArchiveKind.TAR_GZ),
        ("a.tar.gz", ArchiveKind.TAR_GZ),
        ("a.tar.xz", ArchiveKind.TAR_XZ),
        ("a.gz", ArchiveKind.GZ),
        ("a.zip", ArchiveKind.ZIP),
        ("a.jar", None),
        (".gz", None),
    ],
)
def test_an_archive_is_known_by_its_name(name: str, kind: ArchiveKind | None) -> None:
    assert Uri(f"http://h/{name}").archive_kind == kind
    assert Uri(f"http://h/{name}", extract=False).archive_kind is None
    assert Uri(f"http://h/{name}", executable=True).archive_kind is None


def test_the_checksum_is_no_part_of_what_is_asked_for() -> None:
    uri = Uri(f"http://h/x#sha256={DIGEST}")
    assert (uri.source, uri.checksum) == ("http://h/x", ("sha256", DIGEST.lower()))


def test_a_password_is_not_shown() -> None:
    assert shown("https://me:secret@h/x") == "'https://***@h/x'"
