"""Why an electronic seal does not hold, in words for whoever has to have the paper sealed again."""

from rules.facts import AWAITING, REVOKED
from rules.words import Text


def not_held(signature: str) -> Text:
    """What is wrong with a signature, by what verifying it came to."""
    return _WORDS.get(signature, _OTHERWISE)


_WORDS = {
    AWAITING: Text(
        "认可的颁发机构或吊销名单有变化，系统正在重新验证电子印章。请几分钟后再试，不必重新盖章。",
        "Issuers or revocation lists were changed, and electronic seals are being verified anew. Try again in some minutes; "
        "nothing needs to be sealed again.",
    ),
    REVOKED: Text(
        "盖章时，电子印章的证书已被吊销，印章无效。请换用有效的证书重新盖章。",
        "The certificate of the electronic seal had been revoked when it sealed, so the seal is void. Have it sealed again "
        "with a certificate that is in force.",
    ),
}
_OTHERWISE = Text(
    "电子印章的签名没有通过验证：签过名的文件被改动、丢失，或证书不再可信。请重新盖章。",
    "The signature of the electronic seal does not verify: the signed file was changed or lost, or its certificate is "
    "no longer trusted. Have it sealed again.",
)
