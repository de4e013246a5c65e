#!/usr/bin/env python3
"""Makes the samples of `seen/` with openpyxl, xlwt, LibreOffice and by hand, each with its truth beside it.

    pip install openpyxl xlwt && python3 make.py

The truth says which column is which canonical field, and the unit of the hours. A field it does not name is in no column.
"""

import datetime
import json
import pathlib
import shutil
import subprocess
import tempfile

import openpyxl
import xlwt
from openpyxl.styles import Alignment, Font

import people
from people import rows, zh

HERE = pathlib.Path(__file__).parent
OUT = HERE / "seen"


def truth(sample, unit, /, **fields):
    text = json.dumps({"unit": unit, "records": sum(people.made.values()), "fields": fields}, ensure_ascii=False, indent=1)
    people.made.clear()
    (OUT / f"{sample}.truth.json").write_text(text + "\n", encoding="utf-8")


def convert(book, form, name):
    """A workbook of openpyxl, saved again by LibreOffice in another format."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "book.xlsx"
        book.save(source)
        home = f"-env:UserInstallation=file://{folder}/home"
        subprocess.run(["soffice", home, "--headless", "--convert-to", form, "--outdir", folder, str(source)], check=True, capture_output=True)
        shutil.copy(pathlib.Path(folder) / f"book.{form.split(':')[0]}", OUT / name)


def plain(sheet, header, body, title=None, lines=()):
    if title:
        sheet.append([title])
        sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(header))
        sheet["A1"].font = Font(bold=True, size=16)
        sheet["A1"].alignment = Alignment(horizontal="center")
    for line in lines:
        sheet.append(line)
    sheet.append(header)
    for row in body:
        sheet.append(row)


def register():
    """A register with a title, 制表单位 and signatures, as WPS users lay it out."""
    book = openpyxl.Workbook()
    header = ["序号", "姓名", "身份证号", "学校名称", "学校标识码", "课程编号", "课程名称", "学时", "学分", "成绩", "开始日期", "结束日期", "证书编号", "备注"]
    body = [[r.at, r.p.name, r.p.id, r.p.school_name, r.p.school_code, r.code, r.title, r.hours, r.credit, r.score, str(r.start), str(r.end), r.cert, None if r.at % 7 else "补训"] for r in rows(1, 30)]
    sheet = book.active
    sheet.title = "登记表"
    plain(sheet, header, body, "2014年吉林省中小学教师信息技术应用能力提升工程培训登记表", [["制表单位：长春市教育局", None, None, None, None, None, None, "2015年1月5日"]])
    sheet.append(["合计", None, None, None, None, None, None, sum(r.hours for r in rows(1, 30))])
    sheet.append(["填表人：周培杰", None, None, None, "审核人：沈玉华"])
    book.save(OUT / "w01_register_20150105.xlsx")
    truth("w01_register_20150105.xlsx", "class_hour", name="姓名", id_number="身份证号", school_code="学校标识码", course_code="课程编号", course_title="课程名称", hours="学时", period_start="开始日期", period_end="结束日期", certificate_number="证书编号", score_total="成绩")


def two_row_header():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["国培计划学员学习情况统计表"])
    sheet.merge_cells("A1:M1")
    sheet.append(["序号", "学员信息", None, None, None, None, "学习信息", None, None, None, None, "考核", None])
    sheet.append([None, "姓名", "性别", "身份证号", "手机号", "所在学校", "课程名称", "任课教师", "学习时长(分钟)", "开始时间", "完成时间", "成绩", "等级"])
    for cells in ("A2:A3", "B2:F2", "G2:K2", "L2:M2"):
        sheet.merge_cells(cells)
    for r in rows(2, 25):
        at = lambda day: datetime.datetime.combine(day, datetime.time.fromisoformat(r.clock))
        sheet.append([r.at, r.p.name, r.p.sex, r.p.id, r.p.phone, r.p.school_name, r.title, r.teacher, r.minutes, at(r.start), at(r.end + datetime.timedelta(1)), r.score, r.level])
    book.save(OUT / "w02_two_rows.xlsx")
    truth("w02_two_rows.xlsx", "minute", name="学员信息/姓名", id_number="学员信息/身份证号", course_code="学习信息/课程名称", course_title="学习信息/课程名称", hours="学习信息/学习时长(分钟)", period_start="学习信息/开始时间", period_end="学习信息/完成时间", score_total="考核/成绩", result="考核/等级")


def initials():
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("PXJL")
    for column, name in enumerate(["XH", "XM", "XB", "SFZJH", "XXBSM", "KCDM", "KCMC", "XS", "XF", "KSRQ", "JSRQ", "ZSBH", "LXDH"]):
        sheet.write(0, column, name)
    for r in rows(3, 20):
        cells = [r.at, r.p.name, r.p.sex, r.p.id, r.p.school_code, r.code, r.title, r.hours, r.credit, r.start.strftime("%Y%m%d"), r.end.strftime("%Y%m%d"), r.cert, r.p.phone]
        for column, cell in enumerate(cells):
            sheet.write(r.at, column, cell)
    book.save(str(OUT / "w03_initials.xls"))
    truth("w03_initials.xls", "class_hour", name="XM", id_number="SFZJH", school_code="XXBSM", course_code="KCDM", course_title="KCMC", hours="XS", period_start="KSRQ", period_end="JSRQ", certificate_number="ZSBH")


def terms_of_classes():
    """Several sheets, one of them a cover; saved as .ods by LibreOffice."""
    book = openpyxl.Workbook()
    book.active.title = "说明"
    book["说明"].append(["本表由各县（市、区）进修学校填报，每期一张。"])
    book["说明"].append(["身份证号请用文本格式。"])
    for number, seed in (("一", 4), ("二", 5)):
        sheet = book.create_sheet(f"第{number}期")
        body = [[r.p.name, r.principal, r.p.id, r.p.school_name, r.title, f"{r.hours}课时", zh(r.end), r.level] for r in rows(seed, 15)]
        plain(sheet, ["教师姓名", "校长姓名", "教师身份证号", "任教学校", "培训课程", "课时", "完成时间", "考核结果"], body, f"第{number}期培训名册")
    convert(book, "ods", "w04_classes.ods")
    truth("w04_classes.ods", "class_hour", name="教师姓名", id_number="教师身份证号", course_code="培训课程", course_title="培训课程", hours="课时", period_end="完成时间", result="考核结果")


def days():
    book = openpyxl.Workbook()
    sheet = book.active
    header = ["编号", "联系电话", "学员", "证件号码", "培训基地", "课程代码", "课程名称", "培训天数", "开班日期", "结业日期", "结业证书编号", "发证日期"]
    plain(sheet, header, [[r.at, r.p.phone, r.p.name, r.p.id, "东北师范大学", r.code, r.title, r.days, r.start, r.end, r.cert, r.issued] for r in rows(6, 18)], "教育部－乐高培训班学员一览表")
    for row in sheet.iter_rows(min_row=3, min_col=9, max_col=12):
        for cell in (row[0], row[1], row[3]):
            cell.number_format = "yyyy/m/d"
    convert(book, "xls", "w05_days.xls")
    truth("w05_days.xls", "day", name="学员", id_number="证件号码", place="培训基地", course_code="课程代码", course_title="课程名称", hours="培训天数", period_start="开班日期", period_end="结业日期", certificate_number="结业证书编号")


def web_page():
    """What a reporting system saves under the name of a workbook."""
    head = "".join(f"<td class=h nowrap>{n}" for n in ["序号", "学员姓名", "证件号码", "单位名称", "课程名称", "应修学时", "获得学时", "完成时间", "总成绩"])
    lines = []
    for r in rows(7, 16):
        cells = [r.at, r.p.name, f"<font color=red>{r.p.id}</font>" if r.score < 60 else r.p.id, r.p.school_name, r.title, 50, r.hours, f"{r.end} {r.clock}", r.score]
        lines.append("<tr>" + "".join(f"<td x:str>{c}</td>" for c in cells) + "</tr>")
    page = f"""<html xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta http-equiv=Content-Type content="text/html; charset=gb2312"><style>td{{mso-number-format:"\\@"}}</style></head>
<body><table border=1><tr><td colspan=9 align=center><b>学时统计报表</b></td></tr><tr>{head}</tr>{chr(10).join(lines)}
<tr><td colspan=9>制表日期：2015-03-01&nbsp;&nbsp;共16条</td></tr></table></body></html>"""
    (OUT / "w06_report.xls").write_bytes(page.encode("gb18030"))
    truth("w06_report.xls", "class_hour", name="学员姓名", id_number="证件号码", course_code="课程名称", course_title="课程名称", hours="获得学时", period_end="完成时间", score_total="总成绩")


def tabs():
    lines = ["\t".join(["姓名", "身份证号码", "学校", "课程", "学习时长(分钟)", "考试成绩", "学习开始时间", "学习完成时间"])]
    for r in rows(8, 14):
        lines.append("\t".join(map(str, [r.p.name, r.p.id, r.p.school_name, r.title, r.minutes, r.score, f"{r.start} {r.clock}", f"{r.end} {r.clock}"])))
    (OUT / "w07_tabs.xls").write_bytes(b"\xff\xfe" + ("\r\n".join(lines) + "\r\n").encode("utf-16-le"))
    truth("w07_tabs.xls", "minute", name="姓名", id_number="身份证号码", course_code="课程", course_title="课程", hours="学习时长(分钟)", period_start="学习开始时间", period_end="学习完成时间", score_total="考试成绩")


def commas():
    lines = ["2015年中小学教师培训学时认定表,,,,,,,", "制表单位：吉林省电化教育馆,,,,,,,2015-06-01", "地区,学校名称,姓名,身份证号,课程编码,课程名称,认定学时,结业时间"]
    for r in rows(9, 22):
        lines.append(",".join(map(str, ["长春市", r.p.school_name, r.p.name, r.p.id, r.code, f'"{r.title}"', f"{r.hours}学时", zh(r.end)])))
    lines += ["合计,,,,,,22人,", "填表人：曹建,,,审核：周培杰,,,,"]
    (OUT / "w08_recognised_20150601.csv").write_bytes(("\r\n".join(lines) + "\r\n").encode("gb18030"))
    truth("w08_recognised_20150601.csv", "class_hour", name="姓名", id_number="身份证号", course_code="课程编码", course_title="课程名称", hours="认定学时", period_end="结业时间")


def english():
    book = openpyxl.Workbook()
    header = ["No.", "Teacher Name", "Gender", "ID Card No.", "Mobile", "Course Code", "Course Title", "Class Hours", "Credits", "Start Date", "Completion Date", "Final Score", "Result"]
    plain(book.active, header, [[r.at, r.p.name, "F" if r.p.female else "M", r.p.id, r.p.phone, r.code, r.title, r.hours, r.credit, str(r.start), str(r.end), r.score, "Pass" if r.score >= 60 else "Fail"] for r in rows(10, 20)])
    convert(book, "csv:Text - txt - csv (StarCalc):44,34,76", "w09_english.csv")
    truth("w09_english.csv", "class_hour", name="Teacher Name", id_number="ID Card No.", course_code="Course Code", course_title="Course Title", hours="Class Hours", period_start="Start Date", period_end="Completion Date", score_total="Final Score", result="Result")


def spaced():
    """Spaced out and broken headers, full-width digits, two scores."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Sheet1"
    wide = lambda text: "".join(chr(ord(c) + 0xFEE0) if c.isdigit() else c for c in str(text))
    sheet.append([None, "附件2"])
    sheet.append([None, "乡村教师培训结业人员名单"])
    sheet.append([])
    sheet.append([None, "序 号", "姓　名", "性 别", "出生年月", "公民身份号码", "工作\n单位", "培训项目名称", "培训课程\n名称", "培训\n学时", "前测\n成绩", "结业\n成绩", "结业日期", "联系电话"])
    for r in rows(11, 24):
        sheet.append([None, r.at, r.p.name if len(r.p.name) > 2 else "　".join(r.p.name), r.p.sex, f"{r.p.birth.year}.{r.p.birth.month:02d}", r.p.id, r.p.school_name, "乡村教师访名校", r.title, wide(r.hours), r.pretest, r.score, f"{r.end.year}.{r.end.month}.{r.end.day}", r.p.phone])
    sheet.append([None, "注：本表一式两份。"])
    book.save(OUT / "w10_spaced.xlsx")
    truth("w10_spaced.xlsx", "class_hour", name="姓名", id_number="公民身份号码", project_title="培训项目名称", course_code="培训课程名称", course_title="培训课程名称", hours="培训学时", period_end="结业日期", score_total="结业成绩")


def write_json(name, value):
    (OUT / name).write_text(json.dumps(value, ensure_ascii=False, indent=1), encoding="utf-8")


def enveloped():
    items = [{"id": r.uuid, "version": r.at + 3, "userName": r.p.name, "idNo": r.p.id, "mobile": r.p.phone, "schoolCode": r.p.school_code, "courseCode": r.code, "courseName": r.title, "studyMinutes": r.minutes, "startTime": f"{r.start}T{r.clock}+08:00", "finishTime": f"{r.end}T{r.clock}+08:00", "scores": {"learning": r.score, "activity": r.pretest, "artefact": 80}} for r in rows(21, 10)]
    write_json("a01_enveloped.json", {"code": 0, "message": "ok", "data": {"total": 812, "next_page_token": "eyJvIjoxMH0", "items": items}})
    truth("a01_enveloped.json", "minute", record_name="id", name="userName", id_number="idNo", school_code="schoolCode", course_code="courseCode", course_title="courseName", hours="studyMinutes", period_start="startTime", period_end="finishTime", **{"score_learning": "scores.learning", "score_activity": "scores.activity", "score_artefact": "scores.artefact"})


def bare():
    write_json("a02_bare.json", [{"record_id": 88000 + r.at * 7, "real_name": r.p.name, "identity_card": r.p.id, "gender": "female" if r.p.female else "male", "lesson_id": r.code, "lesson_name": r.title, "class_hours": r.hours, "pass": "Y" if r.score >= 60 else "N", "begin_date": str(r.start), "end_date": str(r.end), "created_at": f"{r.issued} 08:00:00"} for r in rows(22, 8)])
    truth("a02_bare.json", "class_hour", record_name="record_id", name="real_name", id_number="identity_card", course_code="lesson_id", course_title="lesson_name", hours="class_hours", period_start="begin_date", period_end="end_date", result="pass")


def nested():
    result = [{"trainee": {"name": r.p.name, "idCard": {"type": "居民身份证", "number": r.p.id}, "school": {"code": r.p.school_code, "name": r.p.school_name}}, "course": {"code": r.code, "title": r.title, "instructor": {"name": r.teacher}}, "days": r.days, "period": {"from": str(r.start), "to": str(r.end)}, "certificate": {"number": r.cert, "issuedAt": str(r.issued)}} for r in rows(23, 9)]
    write_json("a03_nested.json", {"success": True, "result": {"list": result, "hasMore": True, "pageNo": 1, "pageSize": 9}})
    truth("a03_nested.json", "day", name="trainee.name", id_number="trainee.idCard.number", school_code="trainee.school.code", course_code="course.code", course_title="course.title", hours="days", period_start="period.from", period_end="period.to", certificate_number="certificate.number")


def pinyin_lower():
    body = [{"jlbh": r.uuid, "xm": r.p.name, "sfzjh": r.p.id, "dwmc": r.p.school_name, "lxdh": r.p.phone, "kcbh": r.code, "kcmc": r.title, "xs": str(r.hours), "xf": str(r.credit), "kssj": f"{r.start} {r.clock}", "wcsj": f"{r.end} {r.clock}", "gxsj": r.version} for r in rows(24, 10)]
    write_json("a04_pinyin.json", {"rows": body, "total": 120, "page": 1})
    truth("a04_pinyin.json", "class_hour", record_name="jlbh", name="xm", id_number="sfzjh", course_code="kcbh", course_title="kcmc", hours="xs", period_start="kssj", period_end="wcsj")


def pinyin_upper():
    body = [{"XM": r.p.name, "XBM": "2" if r.p.female else "1", "CSRQ": r.p.birth.strftime("%Y%m%d"), "SFZH": r.p.id, "XXMC": r.p.school_name, "KCMC": r.title, "XS": r.hours, "CJ": r.score, "DJ": r.level, "KSSJ": r.start.strftime("%Y%m%d"), "JSSJ": r.end.strftime("%Y%m%d"), "ZSBH": r.cert} for r in rows(25, 12)]
    write_json("a05_pinyin_upper.json", {"returnCode": "0000", "returnMsg": "成功", "body": {"dataList": body}})
    truth("a05_pinyin_upper.json", "class_hour", name="XM", id_number="SFZH", course_code="KCMC", course_title="KCMC", hours="XS", period_start="KSSJ", period_end="JSSJ", certificate_number="ZSBH", score_total="CJ", result="DJ")


def lines():
    text = "\n".join(json.dumps({"uuid": r.uuid, "teacherName": r.p.name, "credentialNo": r.p.id, "courseNo": r.code, "courseName": r.title, "tutorName": r.teacher, "period": r.hours, "credit": r.credit, "score": r.score, "finishTime": int(datetime.datetime.combine(r.end, datetime.time(8), datetime.timezone.utc).timestamp() * 1000)}, ensure_ascii=False) for r in rows(26, 15))
    (OUT / "a06_lines.jsonl").write_text(text + "\n", encoding="utf-8")
    truth("a06_lines.jsonl", "class_hour", record_name="uuid", name="teacherName", id_number="credentialNo", course_code="courseNo", course_title="courseName", hours="period", period_end="finishTime", score_total="score")


def attributes():
    body = "\n".join(f'  <record id="{r.uuid}" version="{r.at}"><name>{r.p.name}</name><idcard>{r.p.id}</idcard><role>学科教师</role><course code="{r.code}">{r.title}</course><place>长春</place><days>{r.days}</days><start>{r.start}</start><end>{r.end}</end><certificate>{r.cert}</certificate></record>' for r in rows(27, 8))
    (OUT / "a07_attributes.xml").write_text(f'<?xml version="1.0" encoding="UTF-8"?>\n<records page="1">\n{body}\n</records>\n', encoding="utf-8")
    truth("a07_attributes.xml", "day", record_name="@id", name="name", id_number="idcard", role="role", course_code="course.@code", course_title="course", place="place", hours="days", period_start="start", period_end="end", certificate_number="certificate")


def namespaces():
    body = "".join(f"<t:Record><t:TeacherName>{r.p.name}</t:TeacherName><t:IdentityNumber>{r.p.id}</t:IdentityNumber><t:Mobile>{r.p.phone}</t:Mobile><t:CourseName>{r.title}</t:CourseName><t:StudyDuration unit=\"min\">{r.minutes}</t:StudyDuration><t:BeginTime>{r.start}T{r.clock}</t:BeginTime><t:EndTime>{r.end}T{r.clock}</t:EndTime><t:LastModified>{r.issued}T00:00:00Z</t:LastModified></t:Record>" for r in rows(28, 10))
    (OUT / "a08_namespaces.xml").write_text(f'<t:TrainingRecords xmlns:t="urn:example:training">{body}</t:TrainingRecords>', encoding="utf-8")
    truth("a08_namespaces.xml", "minute", name="TeacherName", id_number="IdentityNumber", course_code="CourseName", course_title="CourseName", hours="StudyDuration", period_start="BeginTime", period_end="EndTime")


def odata():
    value = [{"RecordId": f"R{r.at:05d}", "RowVersion": r.at + 100, "Teacher": {"Name": r.p.name, "IdentityNumber": r.p.id, "SchoolCode": r.p.school_code}, "Course": {"Code": r.code, "Title": r.title, "Tier": "中级"}, "Days": r.days, "StartDate": str(r.start), "EndDate": str(r.end), "CertificateNumber": r.cert} for r in rows(29, 8)]
    write_json("a09_odata.json", {"@odata.context": "https://example.invalid/odata/$metadata#TrainingRecords", "value": value, "@odata.nextLink": "https://example.invalid/odata/TrainingRecords?$skip=8"})
    truth("a09_odata.json", "day", record_name="RecordId", name="Teacher.Name", id_number="Teacher.IdentityNumber", school_code="Teacher.SchoolCode", course_code="Course.Code", course_title="Course.Title", tier="Course.Tier", hours="Days", period_start="StartDate", period_end="EndDate", certificate_number="CertificateNumber")


def chinese_keys():
    items = [{"流水号": r.uuid, "学员姓名": r.p.name, "身份证件号": r.p.id, "手机": r.p.phone, "所在单位": r.p.school_name, "课程代码": r.code, "课程名称": r.title, "获得学时": r.hours, "课程总学时": 50, "是否通过": "是" if r.score >= 60 else "否", "学习完成时间": f"{r.end} {r.clock}", "更新时间": r.version} for r in rows(30, 9)]
    write_json("a10_chinese.json", {"状态码": 200, "数据": {"总数": 9, "列表": items}})
    truth("a10_chinese.json", "class_hour", record_name="流水号", name="学员姓名", id_number="身份证件号", course_code="课程代码", course_title="课程名称", hours="获得学时", period_end="学习完成时间", result="是否通过")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for sample in (register, two_row_header, initials, terms_of_classes, days, web_page, tabs, commas, english, spaced, enveloped, bare, nested, pinyin_lower, pinyin_upper, lines, attributes, namespaces, odata, chinese_keys):
        sample()
