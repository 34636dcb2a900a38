"""Why a file is not taken, in words: what happened, where, and what to do. The code is what the record keeps."""

from __future__ import annotations

from collections.abc import Mapping

from rules.words import Text

_SAVE_AGAIN = Text(
    "请用 Word、Excel 或 WPS 打开，另存为新文件后重新上传。",
    "Open it in Word, Excel or WPS, save it as a new file and upload that.",
)
_UNKNOWN = Text("这个文件没有通过安全检查，未予打开。", "This file did not pass the check and was not opened.")

REFUSALS: Mapping[str, Text] = {
    "empty_file": Text(
        "“{name}”是空文件（0 字节）。请确认文件已保存完整，再重新上传。",
        "“{name}” is empty (0 bytes). Make sure that the file is saved, and upload it again.",
    ),
    "too_large": Text(
        "“{name}”有 {size} MB，超过 {most} MB 上限。请压缩其中的图片后重新上传。",
        "“{name}” has {size} MB; the limit is {most} MB. Compress the pictures in it and upload it again.",
    ),
    "too_large_for_its_kind": Text(
        "“{name}”是{found}，超过 {most} MB 上限；只有视频和录音可以更大。请压缩其中的图片后重新上传。",
        "“{name}” is {found} of more than {most} MB; films and recordings alone may be larger. Compress the pictures in it and"
        " upload it again.",
    ),
    "film_too_large": Text(
        "“{name}”有 {size} MB，超过 {most} MB 上限。请剪短，或用较低的清晰度另存后重新上传。",
        "“{name}” has {size} MB; the limit is {most} MB. Shorten it, or save it at a lower resolution, and upload it again.",
    ),
    "has_file_inside": Text(
        "“{name}”里面还装着别的文件。请重新导出不带附件的视频后上传。",
        "“{name}” carries other files inside. Export the film without them and upload that.",
    ),
    "wrong_kind": Text(
        "“{name}”的内容是{found}，而{wanted}。请用办公软件打开原文件，另存为规定格式后重新上传。",
        "“{name}” holds {found}, but {wanted}. Open the original in its program, save it in that format and upload that.",
    ),
    "not_such_an_attachment": Text(
        "“{name}”的内容是{found}，而{wanted}。请另存或导出为规定的格式后重新上传。",
        "“{name}” holds {found}, but {wanted}. Save or export it in that format and upload that.",
    ),
    "wrong_ending": Text(
        "“{name}”的内容是{found}，与扩展名“{ending}”不符。请把扩展名改为 .{right}，或另存为规定格式后重新上传。",
        "“{name}” holds {found}, which its ending “{ending}” does not say. Rename it to .{right}, or save it again.",
    ),
    "damaged": Text(
        "“{name}”已损坏或不完整，无法打开。请确认原文件能正常打开，另存一份后重新上传。",
        "“{name}” is damaged or incomplete and cannot be opened. Check that the original opens, save a copy and upload that.",
    ),
    "damaged_part": Text(
        "“{name}”里面的 {part} 已损坏，无法读取。" + _SAVE_AGAIN.zh,
        "{part} inside “{name}” is damaged and cannot be read. " + _SAVE_AGAIN.en,
    ),
    "encrypted": Text(
        "“{name}”设有密码，无法读取。请取消密码后重新上传。",
        "“{name}” is protected by a password and cannot be read. Remove the password and upload it again.",
    ),
    "inflates_too_far": Text(
        "“{name}”解压后过大，疑似有害文件，未予打开。" + _SAVE_AGAIN.zh,
        "“{name}” unpacks to far more than a paper needs and was not opened. " + _SAVE_AGAIN.en,
    ),
    "too_many_parts": Text(
        "“{name}”里面的部件超过 {most} 个，未予打开。" + _SAVE_AGAIN.zh,
        "“{name}” has more than {most} parts inside and was not opened. " + _SAVE_AGAIN.en,
    ),
    "inconsistent_archive": Text(
        "“{name}”的内部目录自相矛盾（{part}），同一份文件在不同程序里会显示不同内容，未予打开。" + _SAVE_AGAIN.zh,
        "The directory inside “{name}” contradicts itself ({part}): different programs would show different things, so it"
        " was not opened. " + _SAVE_AGAIN.en,
    ),
    "unsafe_path": Text(
        "“{name}”里面有一个部件要写到文件之外（{part}），未予打开。" + _SAVE_AGAIN.zh,
        "A part inside “{name}” is meant to land outside it ({part}), so it was not opened. " + _SAVE_AGAIN.en,
    ),
    "archive_inside": Text(
        "“{name}”里面又有压缩包（{part}），未予打开。请把里面的文件取出来单独上传。",
        "“{name}” holds an archive inside ({part}) and was not opened. Take the files out and upload them one by one.",
    ),
    "two_kinds_at_once": Text(
        "“{name}”同时是两种文件，换一个程序打开就是别的内容，未予接收。请重新生成（重新扫描或另存）后上传。",
        "“{name}” is two kinds of file at once: another program would show something else. Make it anew (scan it again or"
        " save it as a new file) and upload that.",
    ),
    "has_doctype": Text(
        "“{name}”的 {part} 中含有文档类型声明（DOCTYPE），可能有害。" + _SAVE_AGAIN.zh,
        "“{name}” declares a document type (DOCTYPE) in {part}, which may do harm. " + _SAVE_AGAIN.en,
    ),
    "too_deep": Text(
        "“{name}”的 {part} 层层嵌套太深，未予打开。" + _SAVE_AGAIN.zh,
        "{part} in “{name}” is nested too deeply, so it was not opened. " + _SAVE_AGAIN.en,
    ),
    "too_many_elements": Text(
        "“{name}”的 {part} 中段落、单元格等多得反常，未予打开。请删去多余的空段落或空白行列，另存后重新上传。",
        "{part} in “{name}” has far more paragraphs or cells than a paper needs. Delete empty ones, save it and upload it again.",
    ),
    "has_macros": Text(
        "“{name}”带有宏。请另存为不带宏的格式（.docx 或 .xlsx）后重新上传。",
        "“{name}” carries macros. Save it without them (as .docx or .xlsx) and upload that.",
    ),
    "has_embedded_object": Text(
        "“{name}”中嵌有别的程序的对象（如公式编辑器、Visio、打包的文件）。请把它改成图片（复制后“选择性粘贴”为图片），再重新上传。",
        "“{name}” embeds an object of another program (an equation, a drawing, a packed file). Turn it into a picture"
        " (copy, then “paste special” as a picture) and upload it again.",
    ),
    "has_control": Text(
        "“{name}”中有 ActiveX 控件。请删除控件，另存后重新上传。",
        "“{name}” has ActiveX controls. Delete them, save the file and upload it again.",
    ),
    "has_template": Text(
        "“{name}”连着外部模板（{target}）。请在 Word 的“开发工具—文档模板”里改回 Normal，另存后重新上传。",
        "“{name}” is attached to a template outside ({target}). In Word under “Developer – Document Template” choose Normal,"
        " save it and upload it again.",
    ),
    "has_inserted_file": Text(
        "“{name}”整个插入了别的文件（altChunk）。" + _SAVE_AGAIN.zh,
        "“{name}” inserts another file as a whole (altChunk). " + _SAVE_AGAIN.en,
    ),
    "has_external_link": Text(
        "“{name}”要从文件之外取内容（{target}）。网页和邮箱链接可以保留；其他链接请断开或删除，图片请直接插入，再重新上传。",
        "“{name}” fetches something from outside ({target}). Links to web pages and mail addresses may stay; break or delete"
        " the others, insert pictures themselves, and upload it again.",
    ),
    "has_data_connection": Text(
        "“{name}”连着外部数据（数据连接、查询或邮件合并）。请断开连接、只保留数值，再重新上传。",
        "“{name}” is connected to data outside (a connection, a query, a mail merge). Break the connection, keep the values"
        " only, and upload it again.",
    ),
    "has_active_field": Text(
        "“{name}”中有会调用别的程序或取外部内容的域或公式（{field}）。请选中后按 Ctrl+Shift+F9 变为文字（公式则粘贴为数值），再重新上传。",
        "“{name}” has a field or formula that calls another program or fetches something ({field}). Turn it into text"
        " (Ctrl+Shift+F9; a formula: paste as value) and upload it again.",
    ),
    "has_active_part": Text(
        "“{name}”里面有程序、网页或音视频等不属于材料的内容，未予打开。请删去后另存，再重新上传。",
        "“{name}” carries a program, a web page, sound or video, which are no part of a paper. Remove it, save and upload"
        " it again.",
    ),
    "cell_outside": Text(
        "“{name}”在 {cell} 格有内容，超出了表格范围（{rows} 行、{columns} 列）。请删除范围之外的行列，另存后重新上传。",
        "“{name}” has something in cell {cell}, outside the area of {rows} rows and {columns} columns. Delete the rows and"
        " columns beyond it, save it and upload it again.",
    ),
    "merge_too_large": Text(
        "“{name}”把 {found} 个单元格合并成了一格，上限是 {most} 个。请取消合并，另存后重新上传。",
        "“{name}” merges {found} cells into one; the limit is {most}. Unmerge them, save it and upload it again.",
    ),
    "too_many_pixels": Text(
        "“{name}”的像素超过 {most} 万上限。请以 300 dpi 重新扫描后上传。",
        "“{name}” has more than {millions} million pixels. Scan it again at 300 dpi and upload that.",
    ),
    "too_many_pages": Text(
        "“{name}”超过 {most} 页。请只上传需要的页。",
        "“{name}” has more than {most} pages. Upload only those that are needed.",
    ),
    "has_script": Text(
        "“{name}”是带脚本或动态表单的 PDF。请打印成新的 PDF（或重新扫描）后上传。",
        "“{name}” is a PDF with scripts or a dynamic form. Print it to a new PDF, or scan it again, and upload that.",
    ),
    "has_launch": Text(
        "“{name}”是会启动程序或提交数据的 PDF。请打印成新的 PDF（或重新扫描）后上传。",
        "“{name}” is a PDF that starts programs or submits data. Print it to a new PDF, or scan it again, and upload that.",
    ),
    "has_attachment": Text(
        "“{name}”是带附件的 PDF。请打印成新的 PDF（或重新扫描）后上传，附件另外上传。",
        "“{name}” is a PDF with files attached. Print it to a new PDF, or scan it again, and upload the attachments apart.",
    ),
    "text_encoding": Text(
        "“{name}”的文字编码不认识。请另存为 UTF-8 文本（CSV）后重新上传。",
        "The text encoding of “{name}” is unknown. Save it as UTF-8 text and upload it again.",
    ),
    "winmail_dat": Text(
        "“{name}”的附件打包成了 winmail.dat，只有 Outlook 能读。请发件人在 Outlook 里把邮件格式改为“HTML”或“纯文本”后重发。",
        "The attachments of “{name}” are packed as winmail.dat, which only Outlook reads. Ask the sender to set the format"
        " to HTML or plain text in Outlook and send it again.",
    ),
    "mail_too_deep": Text(
        "“{name}”里转发套转发超过 {most} 层。请只发送最里面的那封，或把附件另外上传。",
        "“{name}” holds mails within mails, more than {most} deep. Send only the innermost, or upload its attachments apart.",
    ),
    "headers_too_long": Text(
        "“{name}”开头的发件信息超过 {most} KB，正常的邮件不会这样长，未予打开。请发件人重新写一封邮件发送。",
        "What “{name}” says of its sender and its way has more than {most} KB, which no ordinary mail has, so it was not opened."
        " Ask for it to be written and sent anew.",
    ),
    "too_many_attachments": Text(
        "“{name}”里的文件超过 {most} 个。请分几次发送。",
        "“{name}” holds more than {most} files. Send them in several parts.",
    ),
    "empty_package": Text(
        "“{name}”里没有文件。请确认压缩包完整，再重新上传。",
        "“{name}” holds no files. Check that the archive is complete, and upload it again.",
    ),
    "unknown_paper": Text(
        "“{name}”不是可以接收的材料。可以接收：Word、Excel、PDF、JPG、PNG、TIFF，以及装着它们的 ZIP。",
        "“{name}” is no paper that is taken. Taken are Word, Excel, PDF, JPG, PNG, TIFF, and a ZIP archive of them.",
    ),
    "paper_refused": Text("“{name}”里的文件没有通过检查：{why}", "A file inside “{name}” was refused: {why}"),
    "checker_timed_out": Text(
        "“{name}”检查超时，未予打开。" + _SAVE_AGAIN.zh,
        "“{name}” could not be checked in time and was not opened. " + _SAVE_AGAIN.en,
    ),
    "checker_out_of_memory": Text(
        "检查“{name}”所需的内存超过上限，未予打开。" + _SAVE_AGAIN.zh,
        "Checking “{name}” would take more memory than is allowed, so it was not opened. " + _SAVE_AGAIN.en,
    ),
    "checker_died": Text(
        "检查“{name}”时出错，未予打开。" + _SAVE_AGAIN.zh,
        "The check of “{name}” failed, so it was not opened. " + _SAVE_AGAIN.en,
    ),
    "checker_garbled": Text(
        "检查“{name}”没有得到明确结果，未予打开。" + _SAVE_AGAIN.zh,
        "The check of “{name}” gave no clear result, so it was not opened. " + _SAVE_AGAIN.en,
    ),
    "checker_unconfined": Text(
        "服务器不能隔离文件检查，因此没有打开“{name}”。请告知管理员：系统需允许 seccomp 或用户名字空间。",
        "The server cannot confine the check of files, so “{name}” was not opened. Tell the administrator: the system must"
        " allow seccomp or user name spaces.",
    ),
}
"""Code → sentence. `{name}` is the file's; the other names are filled from what the check says."""

CHANGES: Mapping[str, Text] = {
    "": Text("", ""),
    "chart_data_dropped": Text(
        "“{name}”的图表里嵌有工作簿，已去掉；图表本身保留。以后使用的是去掉之后的文件。",
        "The workbooks inside the charts of “{name}” were taken out; the charts stay. The file without them is what is used.",
    ),
    "papers_changed": Text(
        "“{name}”里有文件去掉了图表中嵌入的工作簿；图表本身保留。",
        "Files inside “{name}” had the workbooks in their charts taken out; the charts stay.",
    ),
}
"""Code of what was changed in a file that is taken → sentence."""


def said(code: str, values: Mapping[str, object]) -> Text:
    """The sentence of a code; what it names and nobody said stays empty."""
    return Text(*(words.format_map(_Filled(values, place)) for place, words in enumerate(REFUSALS.get(code, _UNKNOWN))))


class _Filled(dict[str, object]):
    def __init__(self, values: Mapping[str, object], place: int) -> None:
        super().__init__({name: one[place] if isinstance(one, Text) else one for name, one in values.items()})

    def __missing__(self, name: str) -> str:
        return ""
