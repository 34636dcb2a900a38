"""Passwords: which ones are taken, and how they are kept (argon2id)."""

from __future__ import annotations

import unicodedata

from argon2 import PasswordHasher, extract_parameters
from argon2.exceptions import InvalidHashError, VerificationError

from rules.words import Text
from workflow.engine import WrongInput
from workflow.settings import Settings

SHORTEST, LONGEST = 12, 128
"""Characters of a password. ASVS 5.0 asks for 8 at least and advises 15; no kinds of characters are asked for."""
DEMO_PASSWORD = "zhengji-demo"
"""Of every account that comes with the demo; it is shown on the demo's sign-in page and opens nothing elsewhere."""
DEMO_DOMAIN = "example.com"
"""Of the addresses of all accounts that a demo makes; nobody has one there (RFC 2606)."""

_WORDS = """
password passw0rd qwerty qwertyuiop asdfgh asdfghjkl zxcvbn zxcvbnm abc abcd abcdef abcdefg letmein welcome
admin administrator root user test guest login master iloveyou monkey dragon football baseball sunshine princess
superman shadow changeme secret default hello computer internet woaini wodemima mima woaizhongguo zhongguo
beijing taobao alipay wechat weixin tencent zhengji anli zhishichanquan cnipa wipo tisc 密码 我爱你 我爱中国 知识产权 征集
q1w2e3r4 1q2w3e4r 1qaz2wsx 1qaz2wsx3edc qazwsx qazwsxedc a1b2c3d4 5201314
"""
COMMON = frozenset(_WORDS.split())
"""Words that are guessed first; digits and marks around them make them no better, nor does saying them twice."""

_RUNS = ("01234567890123456789", "98765432109876543210", "abcdefghijklmnopqrstuvwxyz", "qwertyuiopasdfghjklzxcvbnm")


class WrongPassword(WrongInput):
    """A password that cannot be taken, with what would do (422)."""


def check(password: str, *, login: str, name: str) -> None:
    """Raise WrongPassword for a new password that is short, too long, commonly guessed, or the person's own name."""
    plain = _plain(password)
    if len(plain) < SHORTEST:
        raise WrongPassword(
            Text(
                f"密码至少 {SHORTEST} 位，请换一个长一些的；几个不相干的词连在一起就很好。",
                f"A password has at least {SHORTEST} characters; choose a longer one. A few unrelated words do well.",
            )
        )
    if len(plain) > LONGEST:
        raise WrongPassword(
            Text(f"密码最多 {LONGEST} 位，请换一个短一些的。", f"A password has at most {LONGEST} characters.")
        )
    if _guessed_first(plain.casefold(), {login.casefold(), _plain(name).casefold()}):
        raise WrongPassword(
            Text(
                "这个密码太常见，或者就是登录名、姓名，很容易被猜到。请换一个。",
                "This password is among the first that are guessed, or it is your login or name. Choose another.",
            )
        )


def _guessed_first(password: str, own: set[str]) -> bool:
    core = "".join(sign for sign in password if sign.isalpha())
    words = COMMON | {one for one in own if one}
    half = password[: len(password) // 2]
    return (
        len(set(password)) < 5
        or any(password in run for run in _RUNS)
        or password in words
        or any(said and _repeated(said, words) for said in (core, password))
        or (password == half * 2 and (half in words or any(half in run for run in _RUNS)))
    )


def _repeated(said: str, words: frozenset[str] | set[str]) -> bool:
    """Whether this is one of the words, said once or several times over."""
    return any(len(said) % len(word) == 0 and said == word * (len(said) // len(word)) for word in words)


def _plain(password: str) -> str:
    """One form for what looks the same: full-width letters and composed signs are typed in several ways."""
    return unicodedata.normalize("NFKC", password)


def hashed(settings: Settings, password: str) -> str:
    """What is kept of a password."""
    return _hasher(settings).hash(_plain(password))


def matches(settings: Settings, kept: str, password: str) -> bool:
    """Whether a password is the one that was kept; takes its time on purpose, for "" (nobody's) just the same."""
    if len(password) > LONGEST:
        password = ""
    hasher = _hasher(settings)
    try:
        return hasher.verify(kept or _nobodys(hasher), _plain(password)) and bool(kept)
    except (VerificationError, InvalidHashError):
        if rest := rounds_left(settings, kept):
            PasswordHasher(time_cost=rest, memory_cost=settings.argon2_memory, parallelism=1).hash("nobody's")
        return False


def rounds_left(settings: Settings, kept: str) -> int:
    """Rounds that a hash leaves undone which was kept when passwords cost less than is now set: a wrong guess spends them
    too, or an account that has not signed in since would answer faster than one that is not there."""
    try:
        was = extract_parameters(kept)
    except InvalidHashError:
        return 0
    return max(0, round(settings.argon2_time - was.time_cost * was.memory_cost / settings.argon2_memory))


def needs_rehash(settings: Settings, kept: str) -> bool:
    """Whether a password was kept at another cost than is now set."""
    return _hasher(settings).check_needs_rehash(kept)


def _hasher(settings: Settings) -> PasswordHasher:
    return PasswordHasher(time_cost=settings.argon2_time, memory_cost=settings.argon2_memory, parallelism=1)


_NOBODY: dict[tuple[int, int], str] = {}


def _nobodys(hasher: PasswordHasher) -> str:
    """A hash of the same cost that no password matches, made once."""
    cost = (hasher.time_cost, hasher.memory_cost)
    if cost not in _NOBODY:
        _NOBODY[cost] = hasher.hash("nobody's")
    return _NOBODY[cost]
