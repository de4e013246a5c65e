#!/usr/bin/env python3
"""Makes the samples of `unseen/`: written after the guesser, to see whether it generalises. Nothing is tuned on them.

    pip install openpyxl xlwt odfpy && python3 make_unseen.py
"""

import datetime
import json

import openpyxl
import xlwt

import make
from make import convert, plain, truth, write_json
from people import rows, zh

OUT = make.OUT = make.HERE / "unseen"


def annual_hours():
    """A province's annual register: year, unit, planned and recognised hours, auditor."""
    book = openpyxl.Workbook()
    header = ["年度", "市县", "单位名称", "教师姓名", "性别", "身份证号码", "项目编号", "项目名称", "课程名称", "计划学时", "认定学时", "认定学分", "开始时间", "结束时间", "审核人", "审核时间"]
    body = [["2015", "长春市", r.p.school_name, r.p.name, r.p.sex, r.p.id, f"XM2015{len(r.title):03d}", "信息技术应用能力提升工程", r.title, 50, r.hours, r.credit, str(r.start), str(r.end), r.principal, f"{r.issued} {r.clock}"] for r in rows(101, 26)]
    plain(book.active, header, body)
    book.save(OUT / "w01_annual.xlsx")
    truth("w01_annual.xlsx", "class_hour", name="教师姓名", id_number="身份证号码", project_code="项目编号", project_title="项目名称", course_code="课程名称", course_title="课程名称", hours="认定学时", period_start="开始时间", period_end="结束时间")


def three_groups():
    """Merged groups in which 名称 and 编号 come twice, and two people."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "2015春季"
    sheet.append(["吉林省教师培训管理系统导出"])
    sheet.append(["导出时间：2015-07-01 09:30:00"])
    sheet.append(["序号", "课程", None, "学员", None, None, "学校负责人", None, "修读", None, None])
    sheet.append([None, "编号", "名称", "姓名", "证件号", "单位", "姓名", "电话", "起", "止", "课时数"])
    for cells in ("A3:A4", "B3:C3", "D3:F3", "G3:H3", "I3:K3"):
        sheet.merge_cells(cells)
    for r in rows(102, 21):
        sheet.append([r.at, r.code, r.title, r.p.name, r.p.id, r.p.school_name, r.principal, "0431-8" + r.p.phone[-7:], r.start, r.end, r.hours])
    book.save(OUT / "w02_groups.xlsx")
    truth("w02_groups.xlsx", "class_hour", name="学员/姓名", id_number="学员/证件号", course_code="课程/编号", course_title="课程/名称", hours="修读/课时数", period_start="修读/起", period_end="修读/止")


def old_system():
    """A DOS-age system's dump: numbered pinyin columns, lower case, an export date in the name."""
    book = xlwt.Workbook(encoding="utf-8")
    sheet = book.add_sheet("Sheet1")
    names = ["dwdm", "dwmc", "jsxm", "jsxb", "sfzhm", "pxxmmc", "kcmc", "pxxs", "pxcj", "pxqsrq", "pxjsrq", "hgzbh"]
    for column, name in enumerate(names):
        sheet.write(0, column, name)
    for r in rows(103, 18):
        for column, cell in enumerate([r.p.school_code, r.p.school_name, r.p.name, r.p.sex, r.p.id, "提升工程", r.title, r.hours, r.score, str(r.start), str(r.end), r.cert]):
            sheet.write(r.at, column, cell)
    book.save(str(OUT / "w03_dump_20151231.xls"))
    truth("w03_dump_20151231.xls", "class_hour", name="jsxm", id_number="sfzhm", school_code="dwdm", project_title="pxxmmc", course_code="kcmc", course_title="kcmc", hours="pxxs", period_start="pxqsrq", period_end="pxjsrq", certificate_number="hgzbh", score_total="pxcj")


def lectures():
    """One-day lectures: a date, clock hours in the header, saved as .ods."""
    book = openpyxl.Workbook()
    header = ["签到序号", "姓名", "工作单位", "身份证号", "讲座题目", "主讲专家", "讲座日期", "时长（小时）", "签名"]
    body = [[r.at, r.p.name, r.p.school_name, r.p.id, r.title, r.teacher, zh(r.end), 1.5 if r.at % 2 else 2, None] for r in rows(104, 17)]
    plain(book.active, header, body, "专题讲座签到表", [["地点：长春市教育学院报告厅"]])
    convert(book, "ods", "w04_lectures.ods")
    truth("w04_lectures.ods", "hour", name="姓名", id_number="身份证号", course_code="讲座题目", course_title="讲座题目", hours="时长（小时）", period_end="讲座日期")


def certificates():
    book = openpyxl.Workbook()
    header = ["证书号码", "持证人", "身份证", "培训班", "培训机构", "颁发日期", "培训起始日", "培训截止日", "合计天数"]
    plain(book.active, header, [[r.cert, r.p.name, r.p.id, "携手助学中级班", "东北师范大学", str(r.issued), str(r.start), str(r.end), r.days] for r in rows(105, 15)], "结业证书发放登记")
    convert(book, "xls", "w05_certificates.xls")
    truth("w05_certificates.xls", "day", name="持证人", id_number="身份证", project_title="培训班", course_code="培训班", hours="合计天数", period_start="培训起始日", period_end="培训截止日", certificate_number="证书号码")


def web_report():
    """A page with a layout table before the records, nested markup and an English second header."""
    head = "".join(f"<th>{zh_}<br>{en}</th>" for zh_, en in [("学员名称", "Name"), ("身份证号", "ID No."), ("学习平台", "Platform"), ("课程", "Course"), ("学习进度", "Progress"), ("有效学时", "Hours"), ("学习截止时间", "Deadline"), ("学完时间", "Finished")])
    lines = "".join(f"<tr><td>{r.p.name}</td><td>{r.p.id}</td><td>奥鹏</td><td><a href='#'>{r.title}</a></td><td>100%</td><td>{r.hours}</td><td>2015-12-31</td><td>{r.end}</td></tr>" for r in rows(106, 13))
    page = f"<html><head><meta charset='utf-8'></head><body><table><tr><td>统计</td></tr><tr><td>2015</td></tr></table><table><thead><tr>{head}</tr></thead><tbody>{lines}</tbody></table></body></html>"
    (OUT / "w06_web.xls").write_text(page, encoding="utf-8")
    truth("w06_web.xls", "class_hour", name="学员名称Name", id_number="身份证号IDNo.", course_code="课程Course", course_title="课程Course", hours="有效学时Hours", period_end="学完时间Finished")


def semicolons():
    lines = ["Trainee;National ID;School;Subject;Course ref.;Course;Contact hrs;From;Until;Grade"]
    for r in rows(107, 19):
        lines.append(";".join(map(str, [r.p.name, r.p.id, r.p.school_name, "数学", r.code, r.title, r.hours, r.start.strftime("%Y/%m/%d"), r.end.strftime("%Y/%m/%d"), "ABC"[r.at % 3]])))
    (OUT / "w07_semicolons.csv").write_bytes(("\ufeff" + "\n".join(lines)).encode("utf-8"))
    truth("w07_semicolons.csv", "class_hour", name="Trainee", id_number="National ID", course_code="Course ref.", course_title="Course", hours="Contact hrs", period_start="From", period_end="Until", result="Grade")


def tabs_gbk():
    lines = ["学习记录ID\t用户名\t真实姓名\t身份证件号码\t课程标题\t累计学习时长(min)\t最近学习时间\t课程完成时间\t是否合格"]
    for r in rows(108, 16):
        lines.append("\t".join(map(str, [770000 + r.at * 3, f"jl{r.p.phone[-6:]}", r.p.name, r.p.id, r.title, r.minutes, f"{r.issued} {r.clock}", f"{r.end} {r.clock}", "合格" if r.score >= 60 else "不合格"])))
    (OUT / "w08_tabs.txt").write_bytes("\r\n".join(lines).encode("gb18030"))
    truth("w08_tabs.txt", "minute", record_name="学习记录ID", name="真实姓名", id_number="身份证件号码", course_code="课程标题", course_title="课程标题", hours="累计学习时长(min)", period_end="课程完成时间", result="是否合格")


def school_based():
    """School-based study: 累计学时 and 校本, signatures without a colon, an empty column between."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "校本研修"
    header = ["姓名", None, "身份证号码", "任教学科", "研修主题", "研修形式", "学时", "校级评定", "研修起始时间", "研修结束时间"]
    plain(sheet, header, [[r.p.name, None, r.p.id, "语文", r.title, "校本研修", r.hours, r.level, f"{r.start.year}.{r.start.month}.{r.start.day}", f"{r.end.year}.{r.end.month}.{r.end.day}"] for r in rows(109, 14)], "南关区平治小学校本研修学时登记表")
    sheet.append([])
    sheet.append(["校长签字", None, None, None, "学校盖章"])
    book.save(OUT / "w09_school.xlsx")
    truth("w09_school.xlsx", "class_hour", name="姓名", id_number="身份证号码", course_code="研修主题", course_title="研修主题", mode="研修形式", hours="学时", period_start="研修起始时间", period_end="研修结束时间", result="校级评定")


def credits_only():
    book = openpyxl.Workbook()
    header = ["No", "XINGMING", "SHENFENZHENGHAO", "KECHENGMINGCHENG", "XUESHI", "XUEFEN", "KAISHIRIQI", "JIESHURIQI", "BEIZHU"]
    plain(book.active, header, [[r.at, r.p.name, r.p.id, r.title, r.hours, r.credit, str(r.start), str(r.end), None] for r in rows(110, 16)])
    convert(book, "csv:Text - txt - csv (StarCalc):44,34,76", "w10_pinyin.csv")
    truth("w10_pinyin.csv", "class_hour", name="XINGMING", id_number="SHENFENZHENGHAO", course_code="KECHENGMINGCHENG", course_title="KECHENGMINGCHENG", hours="XUESHI", period_start="KAISHIRIQI", period_end="JIESHURIQI")


def paged():
    body = [{"enrollId": 5000 + r.at, "stuName": r.p.name, "stuIdCard": r.p.id, "orgName": r.p.school_name, "clsId": r.code, "clsTitle": r.title, "totalPeriod": 50, "gainPeriod": r.hours, "examScore": r.score, "beginDt": str(r.start), "endDt": str(r.end), "lastUpdateTime": r.version} for r in rows(121, 9)]
    write_json("a01_paged.json", {"errcode": 0, "errmsg": "", "page": {"current": 1, "size": 9, "total": 300, "records": body}})
    truth("a01_paged.json", "class_hour", record_name="enrollId", name="stuName", id_number="stuIdCard", course_code="clsId", course_title="clsTitle", hours="gainPeriod", period_start="beginDt", period_end="endDt", score_total="examScore")


def statements():
    """xAPI-like statements."""
    body = [{"id": r.uuid, "actor": {"name": r.p.name, "account": {"name": r.p.id, "homePage": "https://example.invalid"}}, "verb": {"id": "completed"}, "object": {"id": f"https://example.invalid/course/{r.code}", "definition": {"name": r.title}}, "result": {"score": {"raw": r.score, "max": 100}, "durationMinutes": r.minutes, "completion": True}, "timestamp": f"{r.end}T{r.clock}Z"} for r in rows(122, 8)]
    write_json("a02_statements.json", {"statements": body, "more": "/xapi/statements?cursor=8"})
    truth("a02_statements.json", "minute", record_name="id", name="actor.name", id_number="actor.account.name", course_code="object.id", course_title="object.definition.name", hours="result.durationMinutes", period_end="timestamp", score_total="result.score.raw", result="result.completion")


def flat_english():
    body = [{"seq": r.at, "full_name": r.p.name, "citizen_no": r.p.id, "phone_number": r.p.phone, "program_name": "IT skills 2015", "module_code": r.code, "module_title": r.title, "minutes_completed": r.minutes, "passed": r.score >= 60, "started_on": str(r.start), "completed_on": str(r.end), "instructor_name": r.teacher} for r in rows(123, 10)]
    write_json("a03_flat.json", {"data": body, "links": {"next": "https://example.invalid/api/records?page=2", "prev": None}})
    truth("a03_flat.json", "minute", name="full_name", id_number="citizen_no", project_title="program_name", course_code="module_code", course_title="module_title", hours="minutes_completed", period_start="started_on", period_end="completed_on", result="passed")


def prefixed():
    body = [{"T_RYXX_XM": r.p.name, "T_RYXX_SFZH": r.p.id, "T_RYXX_XXBSM": r.p.school_code, "T_PXJL_KCDM": r.code, "T_PXJL_KCMC": r.title, "T_PXJL_HDXS": r.hours, "T_PXJL_KSRQ": str(r.start), "T_PXJL_JSRQ": str(r.end), "T_PXJL_PXFS": "网络研修", "T_PXJL_ZHXGSJ": r.version} for r in rows(124, 11)]
    write_json("a04_prefixed.json", {"status": "1", "msg": "查询成功", "datas": body})
    truth("a04_prefixed.json", "class_hour", name="T_RYXX_XM", id_number="T_RYXX_SFZH", school_code="T_RYXX_XXBSM", course_code="T_PXJL_KCDM", course_title="T_PXJL_KCMC", hours="T_PXJL_HDXS", period_start="T_PXJL_KSRQ", period_end="T_PXJL_JSRQ", mode="T_PXJL_PXFS")


def seconds():
    """Phones under JSSJ, students under XS, prices under DJ: initials that mean the other thing."""
    body = [{"JSXM": r.p.name, "JSSJ": r.p.phone, "SFZJHM": r.p.id, "KCBM": r.code, "KCMC": r.title, "DJ": 120 + r.at, "KS": r.hours, "WCRQ": r.end.strftime("%Y/%m/%d")} for r in rows(125, 12)]
    write_json("a05_initials.json", body)
    truth("a05_initials.json", "class_hour", name="JSXM", id_number="SFZJHM", course_code="KCBM", course_title="KCMC", hours="KS", period_end="WCRQ")


def lines():
    text = "\n".join(json.dumps({"ts": int(datetime.datetime.combine(r.issued, datetime.time(3)).timestamp() * 1000), "user": {"uid": f"u{r.p.phone[-7:]}", "nickname": r.p.name, "certNo": r.p.id, "certType": "01"}, "lesson": {"lessonId": r.code, "lessonName": r.title}, "learnDuration": {"value": r.minutes, "unit": "minute"}, "finishAt": f"{r.end}T{r.clock}+08:00"}, ensure_ascii=False) for r in rows(126, 20))
    (OUT / "a06_events.ndjson").write_text(text, encoding="utf-8")
    truth("a06_events.ndjson", "minute", name="user.nickname", id_number="user.certNo", course_code="lesson.lessonId", course_title="lesson.lessonName", hours="learnDuration.value", period_end="finishAt")


def soap():
    body = "".join(f"<item><studentName>{r.p.name}</studentName><idcardNumber>{r.p.id}</idcardNumber><trainClassName>国培2015</trainClassName><lessonCode>{r.code}</lessonCode><lessonName>{r.title}</lessonName><classHour>{r.hours}</classHour><startDay>{r.start}</startDay><endDay>{r.end}</endDay></item>" for r in rows(127, 9))
    (OUT / "a07_soap.xml").write_text(f'<?xml version="1.0"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><getTrainingResponse><return>{body}</return></getTrainingResponse></soap:Body></soap:Envelope>', encoding="utf-8")
    truth("a07_soap.xml", "class_hour", name="studentName", id_number="idcardNumber", project_title="trainClassName", course_code="lessonCode", course_title="lessonName", hours="classHour", period_start="startDay", period_end="endDay")


def attributes_only():
    body = "\n".join(f'<row xm="{r.p.name}" sfzh="{r.p.id}" kch="{r.code}" kcmc="{r.title}" xs="{r.hours}" cj="{r.score}" jssj="{r.end} {r.clock}" lxdh="{r.p.phone}"/>' for r in rows(128, 10))
    (OUT / "a08_rows.xml").write_bytes(f'<?xml version="1.0" encoding="UTF-8"?>\n<data>\n{body}\n</data>'.encode("utf-8"))
    truth("a08_rows.xml", "class_hour", name="@xm", id_number="@sfzh", course_code="@kch", course_title="@kcmc", hours="@xs", period_end="@jssj", score_total="@cj")


def chinese_nested():
    body = [{"教师": {"姓名": r.p.name, "身份证号": r.p.id, "学校": {"标识码": r.p.school_code, "名称": r.p.school_name}}, "课程": {"代码": r.code, "名称": r.title, "主讲人": r.teacher}, "学时": r.hours, "起始日期": str(r.start), "结业日期": str(r.end), "记录编号": r.uuid} for r in rows(129, 8)]
    write_json("a09_nested.json", {"成功": True, "结果": body})
    truth("a09_nested.json", "class_hour", record_name="记录编号", name="教师.姓名", id_number="教师.身份证号", school_code="教师.学校.标识码", course_code="课程.代码", course_title="课程.名称", hours="学时", period_start="起始日期", period_end="结业日期")


def study_hours():
    body = [{"transcriptId": r.uuid, "learner": r.p.name, "idNumber": r.p.id, "tel": r.p.phone, "courseId": r.code, "courseTitle": r.title, "studyHours": r.hours, "requiredHours": 50, "quizScore": r.pretest, "finalScore": r.score, "completionDate": str(r.end), "enrolledAt": str(r.start)} for r in rows(130, 10)]
    write_json("a10_transcripts.json", {"totalCount": 10, "transcripts": body})
    truth("a10_transcripts.json", "class_hour", record_name="transcriptId", name="learner", id_number="idNumber", course_code="courseId", course_title="courseTitle", hours="studyHours", period_end="completionDate", score_total="finalScore")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for sample in (annual_hours, three_groups, old_system, lectures, certificates, web_report, semicolons, tabs_gbk, school_based, credits_only, paged, statements, flat_english, prefixed, seconds, lines, soap, attributes_only, chinese_nested, study_hours):
        sample()
