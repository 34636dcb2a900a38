"""What a sealed file says of itself: an electronic seal that is verified, a scan that a person must read, or neither."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from rules.words import Text
from workflow.documents import checker, limits, sighting
from workflow.documents.marks import Mark, understood
from workflow.documents.sighting import Sighting
from workflow.documents.vetting import Verdict

ELECTRONIC, SCAN, NONE = "electronic", "scan", "none"


@dataclass(frozen=True)
class Trouble:
    """One thing to be said about a file. `voids`: it does not count as sealed; else it is good to know."""

    code: str
    text: Text
    voids: bool = True


@dataclass(frozen=True)
class Signature:
    """One electronic signature as it was judged. `unit`: the organisation of its certificate, else whom it names.

    `signed_at`: as it says of itself, `stamped_at`: as a time stamping service says that counts here; ISO 8601, or "".
    """

    unit: str
    name: str
    issuer: str
    good_from: str
    good_until: str
    signed_at: str
    stamped_at: str
    troubles: tuple[Trouble, ...] = ()


@dataclass(frozen=True)
class Sealed:
    """What a file comes to. `unit`: whose electronic seal it bears; `mark`: the print of ours that it is, by its code."""

    kind: str
    troubles: tuple[Trouble, ...] = ()
    signatures: tuple[Signature, ...] = ()
    mark: Mark | None = None
    sighting: Sighting = field(default_factory=Sighting)

    @property
    def valid(self) -> bool:
        return self.kind != NONE and not any(one.voids for one in self.troubles)

    @property
    def unit(self) -> str:
        return self.signatures[-1].unit if self.signatures else ""

    @property
    def barring(self) -> Trouble | None:
        """The first thing for which it does not count as sealed."""
        return next((one for one in self.troubles if one.voids), None)


@dataclass(frozen=True)
class Roots:
    """Certificates (DER) to which issuers must lead: of seals, and of time stamps. None: anybody may have issued them.

    `lists`: what issuers revoked (CRL, DER).
    """

    seals: tuple[bytes, ...] = ()
    stamps: tuple[bytes, ...] = ()
    lists: tuple[bytes, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256 over all of them."""
        parts = (*self.seals, b"", *self.stamps, *((b"", *self.lists) if self.lists else ()))
        return hashlib.sha256(b"".join(hashlib.sha256(one).digest() for one in parts)).hexdigest()


class NoRoots(ValueError):
    """A file that holds no certificates in PEM or no revocation list, or cannot be read."""


def roots_from(seals: str, stamps: str = "", lists: str = "") -> Roots:
    """Roots from files of certificates (PEM), and from a file or folder of revocation lists (PEM or DER); "" for none.

    Raises NoRoots.
    """
    return Roots(_ders(seals), _ders(stamps), _lists(lists))


def _ders(path: str) -> tuple[bytes, ...]:
    if not path:
        return ()
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        found = x509.load_pem_x509_certificates(Path(path).read_bytes())
    except (OSError, ValueError) as wrong:
        raise NoRoots(f"{path}: {wrong}") from wrong
    return tuple(one.public_bytes(Encoding.DER) for one in found)


_PEM = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)


def _lists(path: str) -> tuple[bytes, ...]:
    """Of a folder every file counts but hidden ones: one that cannot be read must not pass for nothing revoked."""
    if not path:
        return ()
    place = Path(path)
    try:
        files = sorted(one for one in place.iterdir() if one.is_file() and not one.name.startswith("."))
    except NotADirectoryError:
        files = [place]
    except OSError as wrong:
        raise NoRoots(f"{path}: {wrong}") from wrong
    found = tuple(one for file in files for one in _lists_in(file))
    if (size := sum(map(len, found))) > limits.REVOCATION_LISTS:
        raise NoRoots(f"{path}: {size} > {limits.REVOCATION_LISTS} bytes")
    return found


def _lists_in(file: Path) -> list[bytes]:
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    try:
        data = file.read_bytes()
        found = [x509.load_pem_x509_crl(one) for one in _PEM.findall(data)] or [x509.load_der_x509_crl(data)]
        partial = any(one.oid == x509.DeltaCRLIndicator.oid for listed in found for one in listed.extensions)
    except (OSError, ValueError) as wrong:
        raise NoRoots(f"{file}: {wrong}") from wrong
    if partial:
        raise NoRoots(f"{file}: 增量名单，须换成完整的 / a delta list; a complete one is needed")
    return [one.public_bytes(Encoding.DER) for one in found]


def outdated(roots: Roots, at: datetime) -> list[str]:
    """Whose newest revocation list should have been followed by another before `at`, by name and day."""
    from cryptography import x509

    newest: dict[str, datetime] = {}
    for one in (x509.load_der_x509_crl(der) for der in roots.lists):
        name = one.issuer.rfc4514_string()
        until = one.next_update_utc
        if until is not None:
            newest[name] = max(until, newest.get(name, until))
    return [f"{name} ({until:%Y-%m-%d})" for name, until in newest.items() if until < at]


def examine(verdict: Verdict, roots: Roots, at: datetime) -> Sealed:
    """What a file comes to that was judged as a scan; one that was refused comes to nothing, with the reason."""
    if verdict.vetted is None:
        return Sealed(NONE, (Trouble(verdict.code, verdict.text),))
    return looked_at(verdict.vetted.data, verdict.vetted.kind == "pdf", roots, at)


def looked_at(data: bytes, pdf: bool, roots: Roots, at: datetime) -> Sealed:
    """What a file comes to that is fit to be opened. `at`: the instant for which its certificates must be good."""
    if pdf:
        signed = _signed(data, roots, at)
        if signed is not None:
            return signed
    return _scanned(sighting.look(data))


# ---- scans -----------------------------------------------------------------------------------------------------------


def _scanned(seen: Sighting) -> Sealed:
    if not seen.looked:
        return Sealed(NONE, (_said("not_looked"),), sighting=seen)
    if not seen.seals and not seen.marks:
        return Sealed(NONE, (_said("grey" if seen.grey else "nothing_found"),), sighting=seen)
    troubles = [_said("read_by_eye", voids=False)] if seen.seals else [_said("grey" if seen.grey else "no_red_seal")]
    return Sealed(SCAN, (*troubles, *_of_marks(seen.marks)), (), _only(seen.marks), seen)


def _only(marks: Sequence[Mark]) -> Mark | None:
    return marks[0] if len(marks) == 1 else None


def _of_marks(marks: Sequence[Mark]) -> tuple[Trouble, ...]:
    if len(marks) > 1:
        return (_said("several_papers"),)
    return () if marks else (_said("no_mark", voids=False),)


# ---- electronic seals ------------------------------------------------------------------------------------------------


def _signed(data: bytes, roots: Roots, at: datetime) -> Sealed | None:
    """None for a PDF without any signature."""
    bundle = (*roots.seals, *roots.stamps, *roots.lists)
    task = {
        "do": "signatures",
        "roots": [len(one) for one in roots.seals],
        "stamp_roots": [len(one) for one in roots.stamps],
        "lists": [len(one) for one in roots.lists],
        "at": at.isoformat(),
    }
    with checker.held(b"".join((*bundle, data))) as source:
        answer = checker.ask(task, source)
    if answer.refused:
        return Sealed(ELECTRONIC, (_said(answer.refused, answer.values),))
    rows = answer.said.get("signatures")
    found = tuple(_signature(one, roots) for one in rows if isinstance(one, dict)) if isinstance(rows, list) else ()
    if not found:
        return None
    seen = sighting.look(data)
    texts = answer.said.get("texts")
    written = [understood(str(one)) for one in texts] if isinstance(texts, list) else []
    marks = tuple(dict.fromkeys([*seen.marks, *(one for one in written if one is not None)]))
    return Sealed(ELECTRONIC, _of_all(found, roots, marks), found, _only(marks), seen)


def _of_all(found: Sequence[Signature], roots: Roots, marks: Sequence[Mark]) -> tuple[Trouble, ...]:
    own = [one for signature in found for one in signature.troubles]
    if len(found) > 1:
        names = "、".join(one.unit or "?" for one in found)
        own.append(_said("several_signatures", {"count": len(found), "names": names}, voids=False))
    if not roots.seals:
        own.append(_said("issuer_not_checked", voids=False))
    elif not all(_ASKED & {one.code for one in signature.troubles} for signature in found):
        own.append(_said("revocation_not_checked", voids=False))
    return tuple(dict.fromkeys((*own, *_of_marks(marks))))


_ASKED = {"revoked", "revoked_later", "revocation_checked"}


def _signature(told: Mapping[str, Any], roots: Roots) -> Signature:
    """A signature from what the child says, of which nothing is believed that is not known here."""
    values = {name: _plain(told.get(name)) for name in _TOLD}
    codes, notes = told.get("codes"), told.get("notes", [])
    if not isinstance(codes, list) or not isinstance(notes, list):
        codes, notes = ["checker_garbled"], []
    shown = {**values, "unit": values["unit"] or "?"}
    return Signature(
        unit=values["unit"],
        name=values["name"],
        issuer=values["issuer"],
        good_from=values["from"],
        good_until=values["until"],
        signed_at=values["signed_at"],
        stamped_at=_plain(told.get("stamped_at")),
        troubles=(
            *(_said(str(one), shown) for one in codes),
            *(_said(str(one), shown, voids=False) for one in notes),
        ),
    )


_TOLD = ("unit", "name", "issuer", "from", "until", "signed_at", "listed", "revoked")


def _plain(words: Any) -> str:
    return "".join(one if one.isprintable() else " " for one in words[:160]) if isinstance(words, str) else ""


def _said(code: str, values: Mapping[str, object] | None = None, *, voids: bool = True) -> Trouble:
    known = code if code in TROUBLES else "checker_garbled"
    return Trouble(known, TROUBLES[known].fill(**{**_UNSAID, **(values or {})}), voids)


_UNSAID = {**dict.fromkeys((*_TOLD, "count", "names"), "?"), "most": limits.SIGNATURES}


TROUBLES: Mapping[str, Text] = {
    # the signature itself
    "broken": Text(
        "“{unit}”签名之后，文件内容被改动过，电子印章无效。",
        "The file was changed after “{unit}” signed it; the electronic seal is void.",
    ),
    "forged": Text(
        "签名与“{unit}”的证书对不上：不是用这张证书签的，或签名已损坏。电子印章无效。",
        "The signature does not match the certificate of “{unit}”: it was not made with it, or is damaged. The seal is void.",
    ),
    "unreadable_signature": Text(
        "文件里有电子签名，但已残缺或格式不对，读不出来。请重新签名后再用。",
        "The file holds an electronic signature that is cut off or malformed and cannot be read. Have it signed again.",
    ),
    "not_whole": Text(
        "“{unit}”的签名没有覆盖整个文件，没有覆盖的部分谁都可以改。电子印章无效。",
        "The signature of “{unit}” does not cover the whole file, so anybody may have changed the rest. The seal is void.",
    ),
    "changed_after": Text(
        "“{unit}”签名之后，文件又被追加了修改。签名只对追加之前的内容有效，不能证明现在看到的内容。",
        "Something was added to the file after “{unit}” signed it. The signature is of what was there before, and proves "
        "nothing about what is seen now.",
    ),
    "not_allowed": Text(
        "“{unit}”签名之后，文件被作了签名人不允许的修改。电子印章无效。",
        "The file was changed after “{unit}” signed it in a way that the signer did not allow. The seal is void.",
    ),
    "weak_algorithm": Text(
        "“{unit}”的签名用了不再安全的算法（如 SHA-1、MD5），不能采信。请用 SHA-256 重新签名。",
        "The signature of “{unit}” uses an algorithm that is no longer safe (such as SHA-1 or MD5). Sign it again with "
        "SHA-256.",
    ),
    "unknown_algorithm": Text(
        "“{unit}”的签名用了本系统不能验证的算法（如 SM2），所以没有验证。请改用 RSA 或 ECDSA 证书签名。",
        "The signature of “{unit}” uses an algorithm that cannot be verified here (such as SM2). Sign it with an RSA or "
        "ECDSA certificate.",
    ),
    "stamp_broken": Text(
        "签名上的时间戳是坏的，不能证明签名的时间。",
        "The time stamp on the signature is broken and proves no time.",
    ),
    # the certificate
    "expired": Text(
        "“{unit}”的证书已于 {until} 到期，签名的时间又没有可信的时间戳证明。请用有效的证书重新签名。",
        "The certificate of “{unit}” expired on {until}, and no trusted time stamp proves when it signed. Sign it again "
        "with a certificate that is in force.",
    ),
    "not_yet_valid": Text(
        "“{unit}”的证书要到 {from} 才生效，不能采信。",
        "The certificate of “{unit}” comes into force on {from} only.",
    ),
    "unknown_issuer": Text(
        "“{unit}”的证书由“{issuer}”颁发，不在认可的颁发机构之列。谁都可以自己做一张写着这个名称的证书。",
        "The certificate of “{unit}” was issued by “{issuer}”, which is not among the issuers that count here. Anybody can "
        "make a certificate with that name.",
    ),
    "self_signed": Text(
        "“{unit}”的证书是自己签发的，没有颁发机构作证，也不在认可之列。谁都可以自己做一张写着这个名称的证书。",
        "The certificate of “{unit}” is issued by itself: no authority vouches for it, and it is not among those that count "
        "here. Anybody can make one with that name.",
    ),
    "wrong_purpose": Text(
        "“{unit}”的证书不是用来签名的（没有签名的用途），不能采信。",
        "The certificate of “{unit}” is not meant for signing.",
    ),
    "not_trusted": Text(
        "“{unit}”的证书没有通过检查（从颁发机构到签名人的证书链不成立）。",
        "The certificate of “{unit}” did not pass: the chain from its issuer to it does not hold.",
    ),
    "revoked": Text(
        "“{unit}”的证书（或给它作证的机构）已于 {revoked} 被吊销，签名时不再有效。请换用有效的证书重新签名。",
        "The certificate of “{unit}”, or of who vouches for it, was revoked on {revoked} and no longer in force when it "
        "signed. Sign it again with a certificate that is in force.",
    ),
    # the file
    "encrypted": Text(
        "文件设有密码，签名没有验证。请取消密码后再验证。",
        "The file is protected by a password, so its signatures were not verified. Remove the password first.",
    ),
    "too_many_signatures": Text(
        "文件里的签名超过 {most} 个，没有逐个验证。",
        "The file holds more than {most} signatures, which were not verified.",
    ),
    "nothing_found": Text(
        "没有电子签名，也没有找到红色圆形印章或本系统的二维码。",
        "There is no electronic signature, no round red seal and no QR code of ours.",
    ),
    "no_red_seal": Text(
        "有本系统的二维码，但没有找到红色圆形印章。还没有盖章的，请先盖章；盖了的，请扫描清楚。",
        "It bears a QR code of ours, but no round red seal was found. Have it sealed, or scan it again with the whole seal.",
    ),
    "grey": Text(
        "扫描件上没有任何颜色，所以找不到红色印章。请改用彩色扫描。",
        "The scan has no colour at all, so no red seal can be found. Scan it in colour.",
    ),
    "not_looked": Text(
        "文件没能打开查看。请确认文件完整。",
        "The file could not be looked at. Check that it is complete.",
    ),
    "several_papers": Text(
        "文件里有好几份不同的表，不知道印章是哪一份的。请每份单独一个文件。",
        "The file holds several different papers, so it is not known which one the seal is of. Give each its own file.",
    ),
    # good to know
    "several_signatures": Text(
        "文件有 {count} 个签名：{names}。单位一栏是最后一个。",
        "The file bears {count} signatures: {names}. The unit told is that of the last.",
    ),
    "stamp_not_checked": Text(
        "签名上有时间戳，但没有核对它由谁颁发，所以不用它证明签名的时间。",
        "The signature bears a time stamp whose issuer was not checked, so it is not taken as proof of when it was made.",
    ),
    "issuer_not_checked": Text(
        "只验证了文件没有被改动，没有核对证书由谁颁发：谁都可以自己做一张写着任何名称的证书。"
        "请用 --roots 或 ZHENGJI_SEAL_ROOTS 给出认可的颁发机构。",
        "That nothing was changed is verified; who issued the certificate is not: anybody can make one with any name. "
        "Name the issuers that count with --roots or ZHENGJI_SEAL_ROOTS.",
    ),
    "revocation_not_checked": Text(
        "不知道证书是否已被吊销：手头没有它的颁发机构的吊销名单（验证时不联网）。",
        "Whether the certificate was revoked is not known: no revocation list of its issuer is at hand, and nothing is "
        "fetched while verifying.",
    ),
    "revocation_checked": Text(
        "按颁发机构 {listed} 的吊销名单，“{unit}”的证书没有被吊销。",
        "By its issuer's list of {listed}, the certificate of “{unit}” was not revoked.",
    ),
    "revoked_later": Text(
        "“{unit}”的证书后来（{revoked}）被吊销；签名在此之前，仍然有效。",
        "The certificate of “{unit}” was revoked later ({revoked}); it signed before that, so the seal holds.",
    ),
    "read_by_eye": Text(
        "按颜色和形状找到了红色印章。这是扫描件，机器不能证明印章是真的，名称要由人来看。",
        "A red seal was found by colour and shape. It is a scan: no machine proves the seal, and a person must read its name.",
    ),
    "no_mark": Text(
        "没有找到本系统的二维码，所以不知道盖的是哪一份内容。",
        "No QR code of ours was found, so it is not known which content was sealed.",
    ),
    # the check
    "checker_timed_out": Text("验证超时。文件可能有害。", "It could not be verified in time. The file may be harmful."),
    "checker_out_of_memory": Text(
        "验证所需的内存超过上限。文件可能有害。",
        "Verifying it takes more memory than is allowed. The file may be harmful.",
    ),
    "checker_died": Text("验证时出错，没有结果。", "Verifying it failed; there is no result."),
    "checker_garbled": Text("验证没有得到明确结果。", "Verifying it gave no clear result."),
    "checker_unconfined": Text(
        "服务器不能隔离文件检查，因此没有验证。请告知管理员：系统需允许 seccomp 或用户名字空间。",
        "The server cannot confine the check of files, so nothing was verified. Tell the administrator: the system must "
        "allow seccomp or user name spaces.",
    ),
}
"""Code → sentence; what it names is filled from the certificate."""
