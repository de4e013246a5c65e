#!/usr/bin/env python3
"""Makes the samples of `later/`: two more sets, written after the guesser had been improved on what `unseen/` showed. Of the
first (w, a) 11 of 13 were right at once, of the second (v, b) 8 of 12, and nothing was surely wrong.

    pip install openpyxl xlwt && python3 make_later.py
"""

import json

import openpyxl
import xlwt

import make
from make import convert, plain, truth, write_json
from people import rows, zh

OUT = make.OUT = make.HERE / "later"


def t1():
    b = openpyxl.Workbook()
    h = ["行号", "学员编号", "学员", "身份证", "电话", "所属县区", "所在学校", "培训项目", "课程", "学时数", "起止时间", "结业时间", "成绩评定"]
    plain(
        b.active,
        h,
        [[r.at, f"X{r.p.phone[-5:]}", r.p.name, r.p.id, r.p.phone, "南关区", r.p.school_name, "国培2015", r.title, r.hours, f"{r.start}至{r.end}", str(r.end), r.level] for r in rows(301, 15)],
        "学员花名册",
    )
    b.save(OUT / "w1.xlsx")
    truth("w1.xlsx", "class_hour", name="学员", id_number="身份证", course_code="课程", course_title="课程", project_title="培训项目", hours="学时数", period_end="结业时间", result="成绩评定")


def t2():
    b = openpyxl.Workbook()
    s = b.active
    s.append(["附件：研修学时汇总"])
    s.append(["填报单位", "榆树市进修学校", None, None, "填报日期", "2015-06-30"])
    s.append(["教师基本信息", None, None, "研修情况", None, None, None, "备注"])
    s.append(["姓名", "身份证号", "任教学科", "研修课程", "完成日期", "集中研修学时", "网络研修学时", None])
    for c in ("A3:C3", "D3:G3"):
        s.merge_cells(c)
    for r in rows(302, 15):
        s.append([r.p.name, r.p.id, "数学", r.title, str(r.end), r.hours, r.credit, None])
    b.save(OUT / "w2.xlsx")
    truth(
        "w2.xlsx",
        "class_hour",
        name="教师基本信息/姓名",
        id_number="教师基本信息/身份证号",
        course_code="研修情况/研修课程",
        course_title="研修情况/研修课程",
        hours="研修情况/集中研修学时",
        period_end="研修情况/完成日期",
    )


def t3():
    b = xlwt.Workbook(encoding="utf-8")
    s = b.add_sheet("data")
    for i, n in enumerate(["TEACHER_NAME", "SCHOOL_NAME", "ID_NO", "COURSE_NO", "COURSE_NAME", "CLASS_HOUR", "BEGIN_DATE", "END_DATE", "CERT_NO", "UPDATE_TIME"]):
        s.write(0, i, n)
    for r in rows(303, 14):
        for i, c in enumerate([r.p.name, r.p.school_name, r.p.id, r.code, r.title, r.hours, r.start.strftime("%Y%m%d"), r.end.strftime("%Y%m%d"), r.cert, r.version]):
            s.write(r.at, i, c)
    b.save(str(OUT / "w3.xls"))
    truth(
        "w3.xls",
        "class_hour",
        name="TEACHER_NAME",
        id_number="ID_NO",
        course_code="COURSE_NO",
        course_title="COURSE_NAME",
        hours="CLASS_HOUR",
        period_start="BEGIN_DATE",
        period_end="END_DATE",
        certificate_number="CERT_NO",
    )


def t4():
    b = openpyxl.Workbook()
    h = ["获证教师", "证件号码", "学校代码", "证书编号", "培训课程名称", "培训类型", "培训天数", "培训开始", "培训结束", "发证单位"]
    plain(b.active, h, [[r.p.name, r.p.id, r.p.school_code, r.cert, r.title, "骨干培训", f"{r.days}天", zh(r.start), zh(r.end), "省教育学院"] for r in rows(304, 14)])
    convert(b, "ods", "w4.ods")
    truth(
        "w4.ods",
        "day",
        name="获证教师",
        id_number="证件号码",
        school_code="学校代码",
        certificate_number="证书编号",
        course_code="培训课程名称",
        course_title="培训课程名称",
        hours="培训天数",
        period_start="培训开始",
        period_end="培训结束",
    )


def t5():
    L = ["用户ID|用户姓名|证件类型|证件号|课程ID|课程名|学习时长（分）|得分|最后学习时间|结课时间"]
    for r in rows(305, 14):
        L.append("|".join(map(str, [9000 + r.at, r.p.name, "身份证", r.p.id, r.code, r.title, r.minutes, r.score, f"{r.issued} {r.clock}", f"{r.end} {r.clock}"])))
    (OUT / "w5.txt").write_text("\n".join(L), encoding="utf-8")
    truth("w5.txt", "minute", name="用户姓名", id_number="证件号", course_code="课程ID", course_title="课程名", hours="学习时长（分）", period_end="结课时间", score_total="得分")


def t6():
    L = ["姓名,性别,身份证号,学校,研修班名称,主讲教师,研修地点,报到时间,离会时间,折合学时,考核等次"]
    for r in rows(306, 14):
        L.append(",".join(map(str, [r.p.name, r.p.sex, r.p.id, r.p.school_name, "信息技术骨干研修班", r.teacher, "长春", r.start, r.end, r.hours, r.level])))
    (OUT / "w6.csv").write_bytes("\r\n".join(L).encode("gb18030"))
    truth(
        "w6.csv",
        "class_hour",
        name="姓名",
        id_number="身份证号",
        project_title="研修班名称",
        course_code="研修班名称",
        place="研修地点",
        hours="折合学时",
        period_start="报到时间",
        period_end="离会时间",
        result="考核等次",
    )


def t7():
    b = openpyxl.Workbook()
    h = ["序号", "教师", "身份证号码", "网络课程学习（学时）", "课程", "学习平台", "学年", "完成学习日期", "合格与否", "经办人"]
    plain(b.active, h, [[r.at, r.p.name, r.p.id, r.hours, r.title, "继教网", "2014-2015", r.end, "合格" if r.score >= 60 else "不合格", "周培杰"] for r in rows(307, 14)], "XX学校教师网络研修情况")
    b.save(OUT / "w7.xlsx")
    truth("w7.xlsx", "class_hour", name="教师", id_number="身份证号码", course_code="课程", course_title="课程", hours="网络课程学习（学时）", period_end="完成学习日期", result="合格与否")


def a1():
    write_json(
        "a1.json",
        {
            "result": {
                "code": "0",
                "data": {
                    "pageNum": 1,
                    "pages": 3,
                    "list": [
                        {
                            "learnRecordId": r.uuid,
                            "accountId": r.p.phone,
                            "trueName": r.p.name,
                            "idcard": r.p.id,
                            "trainName": "提升工程",
                            "subjectName": "语文",
                            "courseName": r.title,
                            "courseCode": r.code,
                            "creditHour": r.hours,
                            "learnSeconds": r.minutes * 60,
                            "completeDate": str(r.end),
                            "isPass": 1 if r.score >= 60 else 0,
                        }
                        for r in rows(311, 10)
                    ],
                },
            }
        },
    )
    truth(
        "a1.json",
        "class_hour",
        record_name="learnRecordId",
        name="trueName",
        id_number="idcard",
        project_title="trainName",
        course_code="courseCode",
        course_title="courseName",
        hours="creditHour",
        period_end="completeDate",
        result="isPass",
    )


def a2():
    write_json(
        "a2.json",
        {
            "d": {
                "results": [
                    {"Ryxm": r.p.name, "Zjhm": r.p.id, "Xxdm": r.p.school_code, "Kcmc": r.title, "Rdxs": r.hours, "Pxkssj": str(r.start), "Pxjssj": str(r.end), "Czsj": r.version}
                    for r in rows(312, 10)
                ],
                "__next": "https://example.invalid/x?$skiptoken=2",
            }
        },
    )
    truth("a2.json", "class_hour", name="Ryxm", id_number="Zjhm", school_code="Xxdm", course_code="Kcmc", course_title="Kcmc", hours="Rdxs", period_start="Pxkssj", period_end="Pxjssj")


def a3():
    write_json(
        "a3.json",
        [
            {
                "attributes": {"teacher_full_name": r.p.name, "teacher_national_id": r.p.id, "unit_name": r.p.school_name},
                "training": {"title": r.title, "code": r.code, "hours_awarded": r.hours, "provider": "OUC"},
                "dates": {"start": str(r.start), "end": str(r.end)},
                "grade": r.level,
            }
            for r in rows(313, 9)
        ],
    )
    truth(
        "a3.json",
        "class_hour",
        name="attributes.teacher_full_name",
        id_number="attributes.teacher_national_id",
        course_code="training.code",
        course_title="training.title",
        hours="training.hours_awarded",
        period_start="dates.start",
        period_end="dates.end",
        result="grade",
    )


def a4():
    body = "".join(
        f"<Trainee><XM>{r.p.name}</XM><SFZJHM>{r.p.id}</SFZJHM><PXBMC>骨干班</PXBMC><KCBM>{r.code}</KCBM><KCMC>{r.title}</KCMC><HDXS>{r.hours}</HDXS><JYSJ>{r.end}</JYSJ></Trainee>"
        for r in rows(314, 9)
    )
    (OUT / "a4.xml").write_bytes(f'<?xml version="1.0" encoding="UTF-8"?><Trainees>{body}</Trainees>'.encode())
    truth("a4.xml", "class_hour", name="XM", id_number="SFZJHM", project_title="PXBMC", course_code="KCBM", course_title="KCMC", hours="HDXS", period_end="JYSJ")


def a5():
    (OUT / "a5.jsonl").write_text(
        "\n".join(
            json.dumps(
                {
                    "eventTime": r.version,
                    "person": {"displayName": r.p.name, "idCardNo": r.p.id},
                    "activity": {"name": r.title, "key": r.code},
                    "outcome": {"passed": r.score >= 60, "timeSpentMin": r.minutes, "completedAt": f"{r.end}T{r.clock}Z"},
                },
                ensure_ascii=False,
            )
            for r in rows(315, 12)
        ),
        encoding="utf-8",
    )
    truth(
        "a5.jsonl",
        "minute",
        name="person.displayName",
        id_number="person.idCardNo",
        course_code="activity.key",
        course_title="activity.name",
        hours="outcome.timeSpentMin",
        period_end="outcome.completedAt",
        result="outcome.passed",
    )


def a6():
    write_json("a6.json", {"data": [{"教师名": r.p.name, "身份证": r.p.id, "课名": r.title, "课时": r.hours, "何时结束": str(r.end), "机构": "奥鹏"} for r in rows(316, 9)]})
    truth("a6.json", "class_hour", name="教师名", id_number="身份证", course_code="课名", course_title="课名", hours="课时", period_end="何时结束")


def f1():
    b = openpyxl.Workbook()
    h = ["省份", "地市", "区县", "学校", "学段", "学科", "学员姓名", "身份证件号", "研修计划", "研修总成绩", "研修学时", "是否合格", "合格证书编号", "结业日期"]
    plain(
        b.active,
        h,
        [
            ["吉林省", "长春市", "南关区", r.p.school_name, "小学", "语文", r.p.name, r.p.id, "国培计划(2015)", r.score, r.hours, "合格" if r.score >= 60 else "不合格", r.cert, str(r.end)]
            for r in rows(401, 18)
        ],
    )
    b.save(OUT / "v1.xlsx")
    truth(
        "v1.xlsx",
        "class_hour",
        name="学员姓名",
        id_number="身份证件号",
        course_code="研修计划",
        project_title="研修计划",
        hours="研修学时",
        period_end="结业日期",
        certificate_number="合格证书编号",
        score_total="研修总成绩",
        result="是否合格",
    )


def f2():
    b = openpyxl.Workbook()
    h = ["First name", "Surname", "ID number", "Institution", "Course full name", "Completion status", "Date completed", "Time spent (minutes)"]
    plain(b.active, h, [["", r.p.name, r.p.id, r.p.school_name, r.title, "Complete", r.end, r.minutes] for r in rows(402, 14)])
    b.save(OUT / "v2.xlsx")
    truth("v2.xlsx", "minute", name="Surname", id_number="ID number", course_code="Course full name", course_title="Course full name", hours="Time spent (minutes)", period_end="Date completed")


def f3():
    b = openpyxl.Workbook()
    h = ["序号", "姓名", "工号", "公民身份证号码", "专题名称", "课程数", "已学课时", "认定学时", "认证状态", "学习完成日期"]
    plain(b.active, h, [[r.at, r.p.name, 10000 + r.at, r.p.id, r.title, 5, r.hours + 2, r.hours, "已认证", zh(r.end)] for r in rows(403, 14)], "暑期教师研修学时导出")
    convert(b, "xls", "v3.xls")
    truth("v3.xls", "class_hour", name="姓名", id_number="公民身份证号码", course_code="专题名称", course_title="专题名称", hours="认定学时", period_end="学习完成日期")


def f4():
    b = openpyxl.Workbook()
    s = b.active
    s.append(["2015年度公需科目学习统计"])
    s.append(["姓名", "证件信息", None, "学习信息", None, None, None])
    s.append([None, "类型", "号码", "科目", "学习时间", "学时", "完成状态"])
    for c in ("A1:G1", "A2:A3", "B2:C2", "D2:G2"):
        s.merge_cells(c)
    for r in rows(404, 14):
        s.append([r.p.name, "身份证", r.p.id, r.title, r.end, r.hours, "完成"])
    b.save(OUT / "v4.xlsx")
    truth("v4.xlsx", "class_hour", name="姓名", id_number="证件信息/号码", course_code="学习信息/科目", course_title="学习信息/科目", hours="学习信息/学时", period_end="学习信息/学习时间")


def f5():
    L = ["TeacherID,TeacherName,CertificateType,CertificateNumber,TrainingProgram,Modality,Hours,StartOn,EndOn,Evaluation"]
    for r in rows(405, 14):
        L.append(",".join(map(str, [f"T{r.at:04d}", r.p.name, "身份证", r.p.id, "信息技术能力提升", ["网络研修", "面授"][r.at % 2], r.hours, r.start, r.end, r.level])))
    (OUT / "v5.csv").write_text("\n".join(L), encoding="utf-8")
    truth(
        "v5.csv",
        "class_hour",
        name="TeacherName",
        id_number="CertificateNumber",
        project_title="TrainingProgram",
        course_code="TrainingProgram",
        mode="Modality",
        hours="Hours",
        period_start="StartOn",
        period_end="EndOn",
        result="Evaluation",
    )


def f6():
    b = xlwt.Workbook(encoding="utf-8")
    s = b.add_sheet("导出")
    for i, n in enumerate(["单位", "姓名", "身份证号", "培训内容", "培训起止日期", "培训学时", "培训形式", "主办单位", "结业证编号"]):
        s.write(1, i, n)
    s.write(0, 0, "继续教育登记")
    for r in rows(406, 14):
        for i, c in enumerate(
            [r.p.school_name, r.p.name, r.p.id, r.title, f"{r.start.year}.{r.start.month}.{r.start.day}-{r.end.year}.{r.end.month}.{r.end.day}", r.hours, "集中面授", "省教育厅", r.cert]
        ):
            s.write(r.at + 1, i, c)
    b.save(str(OUT / "v6.xls"))
    truth(
        "v6.xls",
        "class_hour",
        name="姓名",
        id_number="身份证号",
        course_code="培训内容",
        course_title="培训内容",
        hours="培训学时",
        mode="培训形式",
        certificate_number="结业证编号",
        period_start="培训起止日期",
        period_end="培训起止日期",
    )


def b1():
    write_json(
        "b1.json",
        {
            "status": 200,
            "content": {
                "total": 33,
                "size": 9,
                "rows": [
                    {
                        "pkId": r.uuid,
                        "jsxm": r.p.name,
                        "jssfzh": r.p.id,
                        "ssxx": r.p.school_name,
                        "pxkc": r.title,
                        "hqxs": r.hours,
                        "sfhg": "1" if r.score >= 60 else "0",
                        "kssj": f"{r.start} 09:00",
                        "jssj": f"{r.end} 17:00",
                    }
                    for r in rows(411, 10)
                ],
            },
        },
    )
    truth("b1.json", "class_hour", record_name="pkId", name="jsxm", id_number="jssfzh", course_code="pxkc", course_title="pxkc", hours="hqxs", period_start="kssj", period_end="jssj", result="sfhg")


def b2():
    write_json(
        "b2.json",
        {
            "responseBody": {
                "studentCourses": [
                    {
                        "student": {"studentId": f"s{r.at}", "fullName": r.p.name, "nationalId": r.p.id},
                        "courseInfo": {"courseId": r.code, "displayName": r.title},
                        "progress": {"percent": 100, "watchedHours": r.hours},
                        "enrollment": {"enrolledDate": str(r.start), "finishedDate": str(r.end)},
                    }
                    for r in rows(412, 9)
                ]
            }
        },
    )
    truth(
        "b2.json",
        "class_hour",
        name="student.fullName",
        id_number="student.nationalId",
        course_code="courseInfo.courseId",
        course_title="courseInfo.displayName",
        hours="progress.watchedHours",
        period_end="enrollment.finishedDate",
    )


def b3():
    body = "".join(
        f'<training><person><fullname>{r.p.name}</fullname><idno>{r.p.id}</idno></person><lesson no="{r.code}"><title>{r.title}</title></lesson><duration unit="hour">{r.hours}</duration><dates begin="{r.start}" finish="{r.end}"/></training>'
        for r in rows(413, 9)
    )
    (OUT / "b3.xml").write_bytes(f'<?xml version="1.0" encoding="UTF-8"?><export><trainings>{body}</trainings></export>'.encode())
    truth(
        "b3.xml",
        "hour",
        name="person.fullname",
        id_number="person.idno",
        course_code="lesson.@no",
        course_title="lesson.title",
        hours="duration",
        period_start="dates.@begin",
        period_end="dates.@finish",
    )


def b4():
    write_json(
        "b4.json",
        [
            {
                "XYXM": r.p.name,
                "ZJHM": r.p.id,
                "ZJLX": "1",
                "PXXMMC": "国培",
                "PXXMBH": "GP2015",
                "PXJGMC": "东北师大",
                "HDXS": r.hours,
                "HDXF": r.credit,
                "PXKSRQ": r.start.strftime("%Y%m%d"),
                "PXJSRQ": r.end.strftime("%Y%m%d"),
                "PXFS": "3",
                "PXLB": "10",
            }
            for r in rows(414, 10)
        ],
    )
    truth(
        "b4.json",
        "class_hour",
        name="XYXM",
        id_number="ZJHM",
        project_title="PXXMMC",
        project_code="PXXMBH",
        course_code="PXXMMC",
        hours="HDXS",
        period_start="PXKSRQ",
        period_end="PXJSRQ",
        delivery_code="PXFS",
        category_code="PXLB",
    )


def b5():
    (OUT / "b5.jsonl").write_text(
        "\n".join(
            json.dumps({"_id": r.uuid, "name": r.p.name, "sfz": r.p.id, "course": r.title, "min": r.minutes, "done": f"{r.end} {r.clock}", "ok": r.score >= 60}, ensure_ascii=False)
            for r in rows(415, 12)
        ),
        encoding="utf-8",
    )
    truth("b5.jsonl", "minute", record_name="_id", name="name", id_number="sfz", course_code="course", course_title="course", hours="min", period_end="done", result="ok")


def b6():
    write_json(
        "b6.json",
        {
            "data": {
                "records": [
                    {
                        "userName": f"jl{r.p.phone[-6:]}",
                        "realName": r.p.name,
                        "idCard": r.p.id,
                        "courseName": r.title,
                        "courseCredit": r.credit,
                        "coursePeriod": r.hours,
                        "studyPeriod": r.hours,
                        "learnTime": r.minutes * 60,
                        "examScore": r.score,
                        "passTime": f"{r.end} {r.clock}",
                        "createTime": f"{r.start} {r.clock}",
                    }
                    for r in rows(416, 10)
                ],
                "current": 1,
                "pages": 4,
            }
        },
    )
    truth("b6.json", "class_hour", name="realName", id_number="idCard", course_code="courseName", course_title="courseName", hours="studyPeriod", period_end="passTime", score_total="examScore")


if __name__ == "__main__":
    OUT.mkdir(exist_ok=True)
    for sample in (t1, t2, t3, t4, t5, t6, t7, a1, a2, a3, a4, a5, a6, f1, f2, f3, f4, f5, f6, b1, b2, b3, b4, b5, b6):
        sample()
