"""What ISO 19005-2 (PDF/A-2, level U) demands and can be told without a validator; veraPDF is not to be had where we build.

Clauses are those of the standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pikepdf
from pikepdf import Array, Dictionary, Name, Stream

_ACTIONS = {"/GoTo", "/GoToR", "/GoToE", "/Thread", "/URI", "/Named", "/SubmitForm"}
_ANNOTATIONS = {"/Link", "/Text", "/FreeText", "/Widget", "/Popup", "/FileAttachment", "/Highlight"}
_PRINTED, _HIDDEN, _UNSEEN, _TOGGLED = 4, 2, 1 | 32, 256


def faults(path: Path) -> list[str]:
    """Each thing that keeps a PDF from being PDF/A-2u, by its clause; empty where none was found."""
    raw = path.read_bytes()
    with pikepdf.open(path) as document:
        found = [*_file(raw, document), *_metadata(document), *_intent(document), *_catalogue(document)]
        for number, one in enumerate(document.objects, 1):
            if isinstance(one, (Dictionary, Stream)):
                found += [f"object {number}: {said}" for said in _object(one)]
        for page in document.pages:
            for annotation in page.obj.get("/Annots", Array()):
                found += _annotation(annotation)
    return found


def _file(raw: bytes, document: pikepdf.Pdf) -> Iterator[str]:
    first, second = raw.split(b"\n", 2)[:2]
    if not first.startswith(b"%PDF-1.") or second[:1] != b"%" or any(one < 128 for one in second[1:5]):
        yield "6.1.2 header"
    if not raw.rstrip(b"\r\n").endswith(b"%%EOF"):
        yield "6.1.3 something behind the end"
    if "/ID" not in document.trailer or document.is_encrypted or "/Encrypt" in document.trailer:
        yield "6.1.3 trailer"
    yield from (f"6.1 {one}" for one in document.check_pdf_syntax())


def _metadata(document: pikepdf.Pdf) -> Iterator[str]:
    if "/Metadata" not in document.Root:
        yield "6.6.2 no metadata"
        return
    if "/Filter" in document.Root.Metadata and document.Root.Metadata.get("/Filter") == Name.Crypt:
        yield "6.6.2 metadata are encrypted"
    with document.open_metadata() as metadata:
        if metadata.pdfa_status != "2U":
            yield f"6.6.4 says that it is {metadata.pdfa_status!r}"
        for entry, names in (("/Title", "dc:title"), ("/Producer", "pdf:Producer"), ("/Creator", "xmp:CreatorTool")):
            told = document.trailer.get("/Info", Dictionary()).get(entry)
            if told is not None and str(told) != str(metadata.get(names)):
                yield f"6.6.3 {entry} is {told!s} here and {metadata.get(names)!r} there"


def _intent(document: pikepdf.Pdf) -> Iterator[str]:
    intents = [one for one in document.Root.get("/OutputIntents", Array()) if one.get("/S") == Name("/GTS_PDFA1")]
    profiles = {one.DestOutputProfile.objgen for one in intents if "/DestOutputProfile" in one}
    if len(profiles) != 1:
        yield f"6.2.3 {len(profiles)} output profiles"
        return
    profile = intents[0].DestOutputProfile
    data = profile.read_bytes()
    if data[36:40] != b"acsp" or data[16:20] != b"RGB " or profile.N != 3:
        yield "6.2.3 the output profile is none of RGB"


def _catalogue(document: pikepdf.Pdf) -> Iterator[str]:
    for name in ("/AA", "/Requirements", "/NeedsRendering", "/Perms", "/AcroForm"):
        if name in document.Root:
            yield f"6 catalogue has {name}"
    for name in ("/JavaScript", "/EmbeddedFiles", "/AlternatePresentations"):
        if name in document.Root.get("/Names", Dictionary()):
            yield f"6 names have {name}"


def _object(one: Any) -> Iterator[str]:
    if isinstance(one, Stream):
        if {"/F", "/FFilter", "/FDecodeParms"} & set(one.keys()):
            yield "6.1.7 a stream from elsewhere"
        filters = one.get("/Filter", Array())
        if Name.LZWDecode in (filters if isinstance(filters, Array) else [filters]):
            yield "6.1.7 LZW"
        if "/PS" in (str(one.get("/Subtype")), str(one.get("/Subtype2"))):
            yield "6.2.9 PostScript"
    if str(one.get("/Subtype")) == "/Image":
        yield from _image(one)
    if "/S" in one and "/Type" in one and one.Type == Name.Action and str(one.S) not in _ACTIONS:
        yield f"6.5.1 action {one.S}"
    if "/JS" in one:
        yield "6.5.1 a script"
    if str(one.get("/Type")) == "/Font":
        yield from _font(one)
    if str(one.get("/Type")) == "/ExtGState" and ("/TR" in one or str(one.get("/TR2", "/Default")) != "/Default"):
        yield "6.2.5 transfer curve"


def _image(one: Any) -> Iterator[str]:
    if one.get("/Interpolate", False):
        yield "6.2.8 interpolated"
    if "/Alternates" in one or "/OPI" in one:
        yield "6.2.8 alternates"
    if str(one.get("/ColorSpace")) == "/DeviceCMYK":
        yield "6.2.4.3 CMYK under an output profile of RGB"


def _font(one: Any) -> Iterator[str]:
    kind = str(one.get("/Subtype"))
    if kind in ("/Type0", "/TrueType", "/Type1") and "/ToUnicode" not in one:
        yield "6.2.11.7 a font without ToUnicode"
    if kind in ("/CIDFontType0", "/CIDFontType2", "/TrueType", "/Type1"):
        descriptor = one.get("/FontDescriptor", Dictionary())
        if not {"/FontFile", "/FontFile2", "/FontFile3"} & set(descriptor.keys()):
            yield "6.2.11.4 a font that is not embedded"
    if kind == "/CIDFontType2" and "/CIDToGIDMap" not in one:
        yield "6.2.11.3 a font without CIDToGIDMap"


def _annotation(one: Any) -> Iterator[str]:
    if str(one.Subtype) not in _ANNOTATIONS:
        yield f"6.3.1 annotation {one.Subtype}"
    flags = int(one.get("/F", 0))
    if not flags & _PRINTED or flags & (_HIDDEN | _UNSEEN | _TOGGLED):
        yield f"6.3.2 flags {flags} of {one.Subtype}"
    if "/AA" in one:
        yield "6.5.2 something happens by itself"
