#!/usr/bin/env python3
"""Makes the samples of `blind/`: written by somebody who had not seen the guesser, with truths written before it was asked.
At first 9 of 24 were right or rightly asked about, 6 of 115 sure guesses were wrong, and of 14 that were registered 4 led to
wrong hours, days or results. A truth has the records, too: what is read without editing must be as they say.

    pip install openpyxl xlwt && python3 make_blind.py
"""

import datetime
import json
import pathlib
import random

import openpyxl
import xlwt

S = pathlib.Path(__file__).resolve().parent / "blind"
S.mkdir(exist_ok=True)
W = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]
FAM = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗欧阳司马诸葛"
FAMS = list("王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗") + ["欧阳", "司马"]
GIV = "建国淑芬桂兰志强海燕春梅立新晓东丽娜永刚秀英国庆红艳宏伟雅静振华玉梅忠义"
GIVS = ["建国", "淑芬", "桂兰", "志强", "海燕", "春梅", "立新", "晓东", "丽娜", "永刚", "秀英", "国庆", "红", "艳", "宏伟", "雅静", "振华", "玉梅", "忠", "欣"]
AREAS = ["220181", "220182", "220183", "220211", "220381", "220421", "220523", "220681", "220722", "220802", "222402", "222426"]
SCH = [
    "榆树市第一实验小学",
    "农安县合隆镇中心小学",
    "公主岭市第三中学",
    "东丰县大阳镇中心校",
    "辉南县第四中学",
    "临江市外国语学校",
    "长岭县职业技术教育中心",
    "图们市第二高级中学",
    "安图县朝鲜族学校",
    "洮北区幼儿园",
]
CRS = [
    ("GP1501", "小学语文阅读教学策略"),
    ("GP1502", "初中数学核心素养解读"),
    ("GP1503", "班主任工作艺术"),
    ("GP1504", "微课设计与制作"),
    ("GP1505", "师德修养与法治教育"),
    ("GP1506", "幼儿园区域活动组织"),
]


def chk(b):
    return "10X98765432"[sum(int(d) * w for d, w in zip(b, W)) % 11]


class P:
    pass


def people(seed, n):
    r = random.Random(seed)
    out = []
    for i in range(n):
        p = P()
        born = datetime.date(1966, 1, 1) + datetime.timedelta(days=r.randrange(9500))
        p.sex = r.choice("男女女")
        seq = r.randrange(1, 490) * 2 + (1 if p.sex == "男" else 0)
        b = r.choice(AREAS) + born.strftime("%Y%m%d") + f"{seq:03d}"
        p.id = b + chk(b)
        p.fam = r.choice(FAMS)
        p.giv = r.choice(GIVS)
        p.name = p.fam + p.giv
        p.tel = "1" + r.choice(["36", "37", "51", "88"]) + f"{r.randrange(10**8):08d}"
        p.sch = r.choice(SCH)
        p.schcode = f"21220{SCH.index(p.sch)+11:05d}"
        p.tno = f"{r.randrange(10**7,10**8)}"
        p.kc, p.kt = r.choice(CRS)
        p.start = datetime.date(2014, 9, 10) + datetime.timedelta(days=r.randrange(1500))
        p.days = r.choice([2, 3, 4, 5, 6])
        p.end = p.start + datetime.timedelta(days=p.days - 1)
        p.h = r.choice([8, 12, 16, 18, 20, 24, 36, 40, 60])
        p.score = r.choice([45, 52, 58.5, 63, 66, 68, 71, 74.5, 78, 80, 82, 85, 86.5, 88, 90, 91, 93, 96])
        p.v = "excellent" if p.score >= 80 else "pass" if p.score >= 60 else "fail"
        p.word = {"excellent": "优秀", "pass": "合格", "fail": "不合格"}[p.v]
        p.r = r
        p.at = i + 1
        p.good = True
        out.append(p)
    return out


def bad(p):  # a typing error in the ID number
    d = list(p.id)
    d[16] = str((int(d[16]) + 1) % 10)
    p.raw = "".join(d)
    p.good = False
    return p.raw


# What is right besides what the truths name.
BESIDES = {
    "o01": dict(place="培训地点"),
    "o02": dict(score_total="考核/总评"),
    "o05": dict(mode="培训形式", project_title="培训名称"),
    "o11": dict(score_learning="成绩/课程学习（40分）"),
    "o12": dict(project_title="培训班名称"),
    "a01": dict(course_code="course.id"),
    "a07": dict(school_code="relationships.school.data.id"),
    "a08": dict(project_title="PXMC"),
    "a11": dict(delivery_code="PXFSM"),
}


def truth(f, fields, unit, rows, passby, note=""):
    """Words behind a path say what no path can; a path in brackets, or of a parent, is none."""
    path = lambda text: ("" if text.startswith("(") or "(parent)" in text else text.split(" (")[0].split(" + ")[0].split(" x")[0])
    paths = {field: path(text.replace("\\n", "\n")) for field, text in fields.items()} | BESIDES.get(f[:3], {})
    paths.setdefault("course_code", paths.get("course_title", ""))
    told = dict(unit=unit.split(" (")[0], records=len(rows), fields=paths, note=note, rows=rows)
    (S / (f + ".truth.json")).write_text(json.dumps(told, ensure_ascii=False, indent=1))


def row(p, hours, end, v, name=None, ok=None, skip=False):
    return dict(name=name or p.name, id=p.id, ok=p.good if ok is None else ok, hours=hours, end=str(end) if end else None, verdict=v, skip=skip)


SH = datetime.timezone(datetime.timedelta(hours=8))


def moment(p, h=None, d=None):
    d = d or p.end
    h = p.r.randrange(24) if h is None else h
    return datetime.datetime(d.year, d.month, d.day, h, p.r.randrange(60), p.r.randrange(60), tzinfo=SH)


def dot(d):
    return f"{d.year}.{d.month}.{d.day}"


def zh(d):
    return f"{d.year}年{d.month}月{d.day}日"


# ---- o01 county yearly audit sheet, range dates 2016.7.10-2016.7.15
def o01():
    ps = people(101, 32)
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.title = "2016"
    hd = ["序号", "单位", "姓名", "性别", "身份证号码", "培训项目", "培训内容", "培训时间", "培训地点", "培训学时", "考核等次", "备注"]
    ws.append(["榆树市中小学教师继续教育学时审核登记表"])
    ws.merge_cells("A1:L1")
    ws.append(["填报单位（盖章）：榆树市教师进修学校", "", "", "", "", "", "", "", "", "填报日期：2017年1月6日"])
    ws.merge_cells("A2:I2")
    ws.merge_cells("J2:L2")
    ws.append(hd)
    rows = []
    for p in ps:
        idn = p.id
        if p.at in (9,):
            idn = bad(p)
        if p.at % 5 == 0:
            idn = idn.lower() + " "
        nm = p.name if len(p.name) > 2 else p.name[0] + "  " + p.name[1]
        rg = f"{dot(p.start)}-{dot(p.end)}"
        ws.append([p.at, p.sch, nm, p.sex, idn, "“国培计划”—县级教师培训团队研修", p.kt, rg, "榆树市教师进修学校", p.h, p.word, "" if p.at % 8 else "校级骨干"])
        rows.append(row(p, p.h, p.end, p.v))
    ws.append(["合计", "", "", "", "", "", "", "", "", sum(p.h for p in ps)])
    ws.append(["注：1.本表一式三份；2.每天按8学时计，半天按4学时计。"])
    ws.append(["审核人：", "", "", "", "负责人：", "", "", "经办人：孙红"])
    f = "o01_2016学时审核表.xlsx"
    wb.save(S / f)
    truth(
        f,
        dict(
            name="姓名",
            id_number="身份证号码",
            project_title="培训项目",
            course_title="培训内容",
            hours="培训学时",
            period_start="培训时间 (before -)",
            period_end="培训时间 (after -)",
            result="考核等次",
        ),
        "class_hour",
        rows,
        "result",
    )


# ---- o02 two-row header, planned and gained hours, pass line 70
def o02():
    ps = people(102, 28)
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.title = "学员成绩"
    ws.append(["“国培计划（2015）”吉林省农村中小学教师网络研修项目学员成绩汇总表"])
    ws.merge_cells("A1:N1")
    ws.append(["序号", "基本信息", None, None, None, None, "研修课程", None, None, None, "考核", None, None, "结业日期"])
    ws.append([None, "姓名", "证件号码", "联系电话", "任教学科", "工作单位", "课程名称", "规定学时", "获得学时", "完成率", "作业", "总评", "是否合格", None])
    for c in ("A2:A3", "B2:F2", "G2:J2", "K2:M2", "N2:N3"):
        ws.merge_cells(c)
    ws.column_dimensions["D"].hidden = True
    rows = []
    for p in ps:
        plan = 80
        got = p.r.choice([80, 80, 80, 76, 72, 64, 40])
        ok = p.score >= 70
        idn = bad(p) if p.at == 17 else p.id
        ws.append(
            [p.at, p.name, idn, p.tel, p.r.choice(["语文", "数学", "英语"]), p.sch, "信息技术与学科教学融合", plan, got, got / plan, p.r.randrange(50, 100), p.score, "是" if ok else "否", p.end]
        )
        r = ws.max_row
        ws.cell(r, 10).number_format = "0%"
        ws.cell(r, 14).number_format = "yyyy-mm-dd"
        rows.append(row(p, got, p.end, "pass" if ok else "fail"))
    f = "o02_国培网络研修成绩.xlsx"
    wb.save(S / f)
    truth(
        f,
        dict(name="基本信息/姓名", id_number="基本信息/证件号码", course_title="研修课程/课程名称", hours="研修课程/获得学时", period_end="结业日期", result="考核/是否合格"),
        "class_hour",
        rows,
        "result",
        "the programme's pass line is 70: 总评 63, 66, 68 are 否; taking 总评 as score_total with bands of 60 would count them",
    )


# ---- o03 ASP.NET GridView html .xls gb2312
def o03():
    ps = people(103, 24)
    rows = []
    h = [
        '<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"><style>.t{mso-number-format:"\\@";}</style></head><body><div>',
        '<table cellspacing="0" rules="all" border="1" id="GridView1" style="border-collapse:collapse;">',
        "<tr>"
        + "".join(f'<th scope="col">{x}</th>' for x in ["登录名", "真实姓名", "身份证号", "单位名称", "班级名称", "课程总时长(分钟)", "学习时长(分钟)", "考试成绩", "状态", "开班时间", "结业时间"])
        + "</tr>",
    ]
    for p in ps:
        done = p.score >= 60
        tot = p.h * 45
        st = tot if done else int(tot * 0.6)
        e = moment(p, p.r.randrange(8, 22))
        s = p.start - datetime.timedelta(days=20)
        idn = bad(p) if p.at == 5 else p.id
        es = f"{e.year}-{e.month}-{e.day} {e.hour}:{e.minute:02d}:{e.second:02d}" if done else "&nbsp;"
        h.append(
            "<tr>"
            + "".join(f"<td>{x}</td>" for x in ["jl" + p.tno, p.name])
            + f'<td class="t">{idn}</td>'
            + "".join(f"<td>{x}</td>" for x in [p.sch, "2016年暑期班-" + p.kt, tot, st, p.score, "已结业" if done else "未结业", str(s) + " 0:00:00", es])
            + "</tr>"
        )
        rows.append(row(p, st, p.end if done else None, ("pass") if done else "fail", ok=p.good and done))
    h.append("</table></div></body></html>")
    f = "o03_学员结业导出.xls"
    (S / f).write_bytes("\r\n".join(h).encode("gb2312"))
    truth(
        f,
        dict(
            name="真实姓名",
            id_number="身份证号",
            course_title="班级名称",
            project_title="班级名称",
            hours="学习时长(分钟)",
            period_start="开班时间",
            period_end="结业时间",
            result="状态",
            score_total="考试成绩",
        ),
        "minute",
        rows,
        "result",
        "课程总时长 is the planned length; 未结业 rows have no 结业时间",
    )


# ---- o04 Oracle CSV GB18030
def o04():
    ps = people(104, 40)
    rows = []
    o = ["ROWNUM_,JZGH,XM,XBM,SFZJH,DWH,DWMC,KCDM,KCMC,XS,XF,KSRQ,JSRQ,CJ,SFHG,CZSJ"]
    for p in ps:
        idn = bad(p) if p.at in (3, 30) else p.id
        ok = p.score >= 60
        xf = p.h / 10
        cz = p.end + datetime.timedelta(days=12)
        o.append(
            ",".join(
                map(
                    str,
                    [
                        p.at,
                        p.tno,
                        f'"{p.name}"',
                        "1" if p.sex == "男" else "2",
                        f'"{idn}"',
                        p.schcode,
                        f'"{p.sch}"',
                        p.kc,
                        f'"{p.kt}"',
                        p.h,
                        f"{xf:g}",
                        p.start.strftime("%Y%m%d"),
                        p.end.strftime("%Y%m%d"),
                        p.score,
                        int(ok),
                        cz.strftime("%Y%m%d") + "101500",
                    ],
                )
            )
        )
        rows.append(row(p, p.h, p.end, p.v if ok else "fail"))
    f = "o04_V_JS_PXJL.csv"
    (S / f).write_bytes(("\r\n".join(o) + "\r\n").encode("gb18030"))
    truth(
        f,
        dict(name="XM", id_number="SFZJH", school_code="DWH", course_code="KCDM", course_title="KCMC", hours="XS", period_start="KSRQ", period_end="JSRQ", score_total="CJ", result="SFHG"),
        "class_hour",
        rows,
        "total or result",
    )


# ---- o05 DingTalk approval export, csv utf-8 bom, days
def o05():
    ps = people(105, 22)
    rows = []
    o = [
        "审批编号,标题,审批状态,审批结果,创建时间,完成时间,创建人工号,创建人姓名,创建人部门,历史审批人姓名,审批耗时,参训教师姓名,参训教师身份证号,手机号,培训名称,培训形式,开始时间,结束时间,培训天数,附件"
    ]
    for p in ps:
        ct = moment(p, 9, p.end + datetime.timedelta(days=3))
        ft = ct + datetime.timedelta(hours=5, minutes=p.r.randrange(60))
        d = p.days
        idn = bad(p) if p.at == 11 else p.id
        st = "已完成"
        res = "同意" if p.at % 9 else "拒绝"
        o.append(
            ",".join(
                [
                    f"{ct:%Y%m%d%H%M}000{p.r.randrange(10**8):08d}\t",
                    f"{['孙红','马艳'][p.at%2]}提交的教师外出培训备案",
                    st,
                    res,
                    f"{ct:%Y-%m-%d %H:%M:%S}",
                    f"{ft:%Y-%m-%d %H:%M:%S}",
                    f"0{p.at%2+1}123",
                    ["孙红", "马艳"][p.at % 2],
                    "教务处",
                    "何宏伟;罗欣",
                    f"05:{ft.minute:02d}:00",
                    p.name,
                    idn + "\t",
                    p.tel + "\t",
                    p.kt + "培训",
                    "集中面授",
                    f"{p.start}",
                    f"{p.end}",
                    f"{d}天" if p.at % 4 else str(d),
                    '""',
                ]
            )
        )
        rows.append(row(p, d, p.end, "none", ok=p.good, skip=res == "拒绝"))
    f = "o05_钉钉_教师外出培训备案.csv"
    (S / f).write_bytes(b"\xef\xbb\xbf" + ("\r\n".join(o) + "\r\n").encode())
    truth(
        f,
        dict(name="参训教师姓名", id_number="参训教师身份证号", course_title="培训名称", hours="培训天数", period_start="开始时间", period_end="结束时间"),
        "day",
        rows,
        "not_assessed or pending",
        "审批结果 拒绝 must not become pass/fail nor count; 完成时间 is when the form was approved",
    )


# ---- o06 tab-separated txt GB18030, apostrophe, '10学时', month only, A-D
def o06():
    ps = people(106, 18)
    rows = []
    o = ["\t".join(["编号", "教师姓名", "身份证号", "学校", "研修课程", "学时认定", "结业年月", "考核等级"])]
    for p in ps:
        g = {True: "A"}.get(p.score >= 80) or ("B" if p.score >= 70 else "C" if p.score >= 60 else "D")
        o.append("\t".join([f"PX{p.at:03d}", p.name, "'" + (bad(p) if p.at == 8 else p.id), p.sch, p.kt, f"{p.h}学时", f"{p.end.year}年{p.end.month}月", g]))
        rows.append(row(p, p.h, None, "fail" if g == "D" else "pass", ok=False))
    f = "o06_研修结业名册.txt"
    (S / f).write_bytes(("\r\n".join(o) + "\r\n").encode("gb18030"))
    truth(
        f,
        dict(name="教师姓名", id_number="身份证号", course_title="研修课程", hours="学时认定", period_end="结业年月 (month only: must not get a made-up day)", result="考核等级"),
        "class_hour",
        rows,
        "result (question: A-D)",
    )


# ---- o07 several sheets, credits
def o07():
    ps = people(107, 36)
    rows = []
    wb = openpyxl.Workbook()
    w0 = wb.active
    w0.title = "填表说明"
    for t in ["填表说明", "1.身份证件号请以文本格式填写。", "2.学分：每10学时计1学分，不足10学时不计。", "3.总评分优秀、良好、合格、不合格四等。"]:
        w0.append([t])
    hd = ["序号", "姓名", "身份证件号", "学校", "研修主题", "学分", "结束时间", "总评"]
    at = 0
    for k, n in enumerate(["小学组", "初中组", "高中组"]):
        ws = wb.create_sheet(n)
        ws.append([f"长岭县2017年校本研修学分登记册（{n}）"])
        ws.merge_cells("A1:H1")
        ws.append(hd)
        for i, p in enumerate(ps[k * 12 : k * 12 + 12]):
            w = {"excellent": "优秀" if p.score >= 88 else "良好", "pass": "合格", "fail": "不合格"}[p.v]
            v = {"优秀": "excellent", "良好": "pass", "合格": "pass", "不合格": "fail"}[w]
            cr = p.r.choice([1, 2, 2, 3, 4, 6])
            ws.append([i + 1, p.name, bad(p) if p.at == 20 else p.id, p.sch, p.kt, cr, p.end, w])
            ws.cell(ws.max_row, 7).number_format = 'yyyy"年"m"月"d"日"'
            rows.append(row(p, cr, p.end, v))
    wz = wb.create_sheet("汇总")
    wz.append(["组别", "人数", "学分合计"])
    [wz.append([n, 12, 30]) for n in ["小学组", "初中组", "高中组"]]
    wh = wb.create_sheet("Sheet5")
    wh.sheet_state = "hidden"
    wh.append(["优秀"])
    wh.append(["良好"])
    f = "o07_校本研修学分登记册.xlsx"
    wb.save(S / f)
    truth(
        f,
        dict(name="姓名", id_number="身份证件号", course_title="研修主题", hours="学分", period_end="结束时间", result="总评"),
        "credit",
        rows,
        "result",
        "1 credit = 10 class hours (told in 填表说明 only)",
    )


# ---- o08 xls, old county, line breaks in header, short ranges, hours of 60 minutes, attendance %
def o08():
    ps = people(108, 20)
    rows = []
    wb = xlwt.Workbook(encoding="utf-8")
    ws = wb.add_sheet("Sheet1")
    ws.write_merge(0, 0, 0, 9, "东丰县2015年中小学教师全员培训花名册")
    hd = ["序号", "姓  名", "性 别", "身 份\n证 号", "所在单位", "培训起止时间", "培训课程", "培训时数\n（小时）", "出勤率", "考核结论"]
    for c, x in enumerate(hd):
        ws.write(1, c, x)
    pc = xlwt.easyxf(num_format_str="0%")
    for i, p in enumerate(ps):
        s = datetime.date(2015, 3, 2) + datetime.timedelta(days=p.r.randrange(20))
        e = s + datetime.timedelta(days=3)
        rg = f"{dot(s)}—{e.month}.{e.day}"
        hrs = p.r.choice([6, 12, 18, 24])
        v = "合格" if p.score >= 60 else "不合格"
        for c, x in enumerate([i + 1, p.name if len(p.name) > 2 else p.name[0] + "　" + p.name[1], p.sex, bad(p) if p.at == 13 else p.id, p.sch, rg, p.kt, hrs]):
            ws.write(i + 2, c, x)
        ws.write(i + 2, 8, p.r.choice([1, 0.95, 0.9, 0.8]), pc)
        ws.write(i + 2, 9, v)
        rows.append(row(p, hrs, e, "pass" if v == "合格" else "fail"))
    ws.write(len(ps) + 2, 0, "制表：东丰县教师进修学校    联系电话：0437-6214455")
    f = "o08_全员培训花名册.xls"
    wb.save(str(S / f))
    truth(
        f,
        dict(
            name="姓  名",
            id_number="身 份\\n证 号",
            course_title="培训课程",
            hours="培训时数\\n（小时）",
            period_start="培训起止时间 (before —)",
            period_end="培训起止时间 (after —, year of the beginning)",
            attendance="出勤率 x100",
            result="考核结论",
        ),
        "hour",
        rows,
        "result",
    )


# ---- o09 课时 sums, subtotal rows, integers as dates, tick marks
def o09():
    ps = sorted(people(109, 30), key=lambda p: p.sch)
    rows = []
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.append(["教师培训课时统计（每课时45分钟）"])
    ws.merge_cells("A1:M1")
    ws.append(["学校", "教师编号", "姓名", "身份证号", "学段", "课程代码", "课程", "必修课时", "选修课时", "合计课时", "开始日期", "完成日期", "综合成绩", "是否通过"])
    last = None
    sub = 0
    for p in ps:
        if last and p.sch != last:
            ws.append(["小计", None, None, None, None, None, None, None, None, sub])
            sub = 0
        last = p.sch
        a = p.r.choice([6, 8, 10, 20])
        b = p.r.choice([0, 2, 4, 6])
        sub += a + b
        ok = p.score >= 60
        ws.append(
            [
                p.sch,
                int(p.tno),
                p.name,
                bad(p) if p.at == 4 else p.id,
                p.r.choice(["小学", "初中"]),
                p.kc,
                p.kt,
                a,
                b,
                a + b,
                int(p.start.strftime("%Y%m%d")),
                int(p.end.strftime("%Y%m%d")),
                p.score,
                "√" if ok else "×",
            ]
        )
        rows.append(row(p, a + b, p.end, p.v))
    ws.append(["小计", None, None, None, None, None, None, None, None, sub])
    ws.append(["总计", None, None, None, None, None, None, None, None, sum(r["hours"] for r in rows)])
    f = "o09_课时统计.xlsx"
    wb.save(S / f)
    truth(
        f,
        dict(
            name="姓名", id_number="身份证号", course_code="课程代码", course_title="课程", hours="合计课时", period_start="开始日期", period_end="完成日期", score_total="综合成绩", result="是否通过"
        ),
        "class_hour",
        rows,
        "total or result",
    )


# ---- o10 percent cells as score
def o10():
    ps = people(110, 26)
    rows = []
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.title = "成绩"
    ws.append(["员工编号", "教师", "公民身份号码", "所属学校", "课程编码", "课程名称", "计划学时", "实际学时", "结业日期", "得分率"])
    for p in ps:
        real = p.h - p.r.choice([0, 0, 2, 4])
        ws.append([p.tno, p.name, bad(p) if p.at == 21 else p.id, p.sch, p.kc, p.kt, p.h, real, datetime.datetime(p.end.year, p.end.month, p.end.day), p.score / 100])
        ws.cell(ws.max_row, 9).number_format = "yyyy/m/d"
        ws.cell(ws.max_row, 10).number_format = "0.0%"
        rows.append(row(p, real, p.end, p.v))
    f = "o10_教师课程得分.xlsx"
    wb.save(S / f)
    truth(
        f,
        dict(name="教师", id_number="公民身份号码", course_code="课程编码", course_title="课程名称", hours="实际学时", period_end="结业日期", score_total="得分率 (x100)"),
        "class_hour",
        rows,
        "total",
        "得分率 is a fraction stored as percent cell",
    )


# ---- o11 html xls (Excel web page style), component scores out of 40/40/20, two header rows
def o11():
    ps = people(111, 30)
    rows = []
    h = [
        '<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel"><head><meta charset="utf-8"/><!--[if gte mso 9]><xml><x:ExcelWorkbook><x:ExcelWorksheets><x:ExcelWorksheet><x:Name>学员考核</x:Name></x:ExcelWorksheet></x:ExcelWorksheets></x:ExcelWorkbook></xml><![endif]--></head><body><table border="1">',
        '<tr><td colspan="14" align="center"><b>吉林省中小学教师信息技术应用能力提升工程 学员考核明细</b></td></tr>',
        '<tr><td rowspan="2">序号</td><td colspan="4">学员信息</td><td colspan="3">学习情况</td><td colspan="4">成绩</td><td rowspan="2">考核结果</td><td rowspan="2">结业时间</td></tr>',
        "<tr><td>学员姓名</td><td>证件号</td><td>区县</td><td>学校</td><td>登录次数</td><td>学习时间（分钟）</td><td>认定学时</td><td>课程学习（40分）</td><td>研修作业（40分）</td><td>论坛活动（20分）</td><td>总成绩</td></tr>",
    ]
    for p in ps:
        t = int(p.score)
        b = min(20, int(t * 0.2))
        a = min(40, (t - b) // 2)
        c = t - b - a
        v = "合格" if t >= 60 else "不合格"
        d = p.end
        idn = bad(p) if p.at == 14 else p.id
        h.append(
            "<tr>"
            + "".join(
                f"<td{' x:str' if i==2 else ''}>{x}</td>"
                for i, x in enumerate([p.at, p.name, "&#39;" * 0 + idn, "农安县", p.sch, p.r.randrange(5, 90), p.r.randrange(900, 3000), 50, a, c, b, t, v, f"{d.year}/{d.month}/{d.day}"])
            )
            + "</tr>"
        )
        rows.append(row(p, 50, p.end, "excellent" if t >= 80 else "pass" if t >= 60 else "fail"))
    h.append("</table></body></html>")
    f = "o11_学员考核明细.xls"
    (S / f).write_text("\n".join(h), encoding="utf-8")
    truth(
        f,
        dict(
            name="学员信息/学员姓名",
            id_number="学员信息/证件号",
            hours="学习情况/认定学时",
            period_end="结业时间",
            score_total="成绩/总成绩",
            result="考核结果",
            project_title="(title only: no column)",
            course_title="(none: no column)",
        ),
        "class_hour",
        rows,
        "total or result",
        "no course column at all; components are out of 40/40/20",
    )


# ---- o12 mixed units, long zh ranges, 缓考, numbers damaged
def o12():
    ps = people(112, 25)
    rows = []
    wb = openpyxl.Workbook()
    ws = wb.active
    ws.title = "Sheet1"
    ws.append([])
    ws.append(["附件2："])
    ws.append(["安图县教育局教师培训情况一览表"])
    ws.merge_cells("A3:I3")
    ws.append(["（2014年9月—2015年8月）"])
    ws.merge_cells("A4:I4")
    ws.append(["学校", "姓名", "身份证号", "手机", "培训班名称", "起止时间", "时长", "考核", "签字"])
    for p in ps:
        s = datetime.date(2014, 9, 5) + datetime.timedelta(days=p.r.randrange(330))
        e = s + datetime.timedelta(days=4)
        rg = f"{zh(s)}至{e.month}月{e.day}日" if e.year == s.year else f"{zh(s)}至{zh(e)}"
        hs = f"{p.h}学时"
        okh = True
        if p.at % 7 == 0:
            hs = f"{p.h}课时"
        if p.at % 6 == 0:
            hs = f"{p.days}天"
            okh = False
        g = {"excellent": "优", "pass": "良" if p.score >= 70 else "合格", "fail": "不合格"}[p.v]
        if p.at == 10:
            g = "缓考"
        idn = p.id
        if p.at in (5, 16):
            idn = int(float(p.id[:15] + "000")) if p.id[:15].isdigit() else p.id
            p.good = False
        if p.at == 19:
            idn = bad(p)
        ws.append([p.sch, p.name, idn, p.tel, p.kt + "班", rg, hs, g, None])
        v = {"优": "excellent", "良": "pass", "合格": "pass", "不合格": "fail", "缓考": "none"}[g]
        rows.append(row(p, p.h if okh else f"{p.days} day", e, v, ok=None if (p.good and okh) else ("maybe" if p.good else False)))
    f = "o12_培训一览表.xlsx"
    wb.save(S / f)
    truth(
        f,
        dict(name="姓名", id_number="身份证号", course_title="培训班名称", hours="时长", period_start="起止时间 (before 至)", period_end="起止时间 (after 至)", result="考核"),
        "class_hour (some 天: must be parked or ×8, never read as class hours)",
        rows,
        "result",
    )


# =================== API
def js(f, x, **k):
    (S / f).write_text(json.dumps(x, ensure_ascii=False, indent=k.get("indent", 1)), encoding="utf-8")


def a01():  # Moodle
    ps = people(201, 20)
    rows = []
    u = []
    for p in ps:
        e = moment(p, p.r.choice([0, 1, 9, 15, 23]))
        s = moment(p, 8, p.start)
        done = p.at % 8 != 0
        u.append(
            dict(
                userid=p.at * 7 + 100,
                username="t" + p.tno,
                fullname=p.name,
                email=f"t{p.tno}@jlteacher.example",
                idnumber=bad(p) if p.at == 6 else p.id,
                institution=p.sch,
                department="",
                course=dict(id=CRS.index((p.kc, p.kt)) + 30, shortname=p.kc, fullname=p.kt, idnumber="", credithours=p.h),
                timeenrolled=int(s.timestamp()),
                timestarted=int(s.timestamp()) + 600,
                timecompleted=int(e.timestamp()) if done else None,
                finalgrade=f"{p.score:.5f}",
                rawgrademax="100.00000",
                gradepass="60.00000",
                suspended=False,
            )
        )
        rows.append(row(p, p.h, p.end if done else None, p.v, ok=p.good and done))
    f = "a01_moodle_completion.json"
    js(f, dict(users=u, warnings=[]))
    truth(
        f,
        dict(
            name="fullname",
            id_number="idnumber",
            course_code="course.shortname",
            course_title="course.fullname",
            hours="course.credithours",
            period_start="timestarted",
            period_end="timecompleted",
            score_total="finalgrade",
        ),
        "class_hour (credithours: ambiguous; a question is right)",
        rows,
        "total",
        "epoch seconds; days in Asia/Shanghai, some at 00:xx local",
    )


def a02():  # xAPI
    ps = people(202, 16)
    rows = []
    u = []
    for p in ps:
        e = moment(p, p.r.choice([0, 3, 7, 12, 20])).astimezone(datetime.timezone.utc)
        m = p.h * 45
        ok = p.score >= 60
        u.append(
            dict(
                id=f"{p.r.randrange(16**8):08x}-0000-4000-8000-{p.r.randrange(16**12):012x}",
                actor=dict(objectType="Agent", name=p.name, account=dict(homePage="https://sso.jlet.example", name=bad(p) if p.at == 3 else p.id)),
                verb=dict(id="http://adlnet.gov/expapi/verbs/" + ("passed" if ok else "failed"), display={"zh-CN": "通过" if ok else "未通过"}),
                object=dict(objectType="Activity", id="https://lms.jlet.example/course/" + p.kc, definition=dict(type="http://adlnet.gov/expapi/activities/course", name={"zh-CN": p.kt})),
                result=dict(score=dict(scaled=round(p.score / 100, 3), raw=p.score, min=0, max=100), success=ok, completion=True, duration=f"PT{m//60}H{m%60}M"),
                context=dict(platform="cmi5", extensions={"https://lms.jlet.example/ext/xueshi": p.h}),
                timestamp=e.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                stored=(e + datetime.timedelta(seconds=3)).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
            )
        )
        rows.append(row(p, p.h, p.end, p.v))
    f = "a02_xapi_statements.json"
    js(f, dict(statements=u, more="/xapi/statements?cursor=abc"))
    truth(
        f,
        dict(
            name="actor.name",
            id_number="actor.account.name",
            course_code="object.id",
            course_title="object.definition.name.zh-CN",
            hours="context.extensions.'https://lms.jlet.example/ext/xueshi' (or result.duration, ISO 8601)",
            period_end="timestamp",
            score_total="result.score.raw",
            result="result.success",
        ),
        "class_hour",
        rows,
        "total or result",
        "UTC timestamps: the day is Shanghai's",
    )


def a03():  # OneRoster
    ps = people(203, 18)
    rows = []
    u = []
    for p in ps:
        dele = p.at in (7, 12)
        u.append(
            dict(
                sourcedId=f"res-{p.at:04d}",
                status="tobedeleted" if dele else "active",
                dateLastModified=moment(p, 9, p.end + datetime.timedelta(days=5)).astimezone(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z"),
                lineItem=dict(sourcedId=p.kc, type="lineItem", title=p.kt),
                student=dict(sourcedId="u-" + p.tno, identifier=bad(p) if p.at == 9 else p.id, familyName=p.fam, givenName=p.giv, phone=p.tel),
                score=str(p.score),
                scoreDate=str(p.end),
                scoreStatus="fully graded",
                comment="",
                metadata=dict(classHours=str(p.h), orgName=p.sch),
            )
        )
        rows.append(row(p, p.h, p.end, p.v, skip=dele))
    f = "a03_oneroster_results.json"
    js(f, dict(results=u))
    truth(
        f,
        dict(
            name="student.familyName + student.givenName",
            id_number="student.identifier",
            course_code="lineItem.sourcedId",
            course_title="lineItem.title",
            hours="metadata.classHours",
            period_end="scoreDate",
            score_total="score",
        ),
        "class_hour",
        rows,
        "total",
        "status tobedeleted: not to be counted",
    )


def a04():  # .NET
    ps = people(204, 22)
    rows = []
    u = []
    for p in ps:
        d = lambda x: f"/Date({int(x.timestamp()*1000)}+0800)/"
        ok = p.score >= 60
        u.append(
            dict(
                Id=p.at + 5000,
                UserGuid=f"{p.r.randrange(16**32):032x}",
                TrueName=p.name,
                IdCardNo=bad(p) if p.at == 10 else p.id,
                OrgName=p.sch,
                CourseId=CRS.index((p.kc, p.kt)) + 1,
                CourseName=p.kt,
                StudySeconds=p.h * 2700 + p.r.randrange(900),
                ClassHours=p.h,
                BeginTime=d(moment(p, 0, p.start)),
                FinishTime=d(moment(p, 0)),
                ExamScore=p.score,
                IsPassed=ok,
                ModifyTime=d(moment(p, 10, p.end + datetime.timedelta(days=9))),
            )
        )
        rows.append(row(p, p.h, p.end, p.v))
    f = "a04_dotnet_GetTrainResult.json"
    (S / f).write_text(json.dumps(dict(d=dict(Success=True, Message=None, TotalCount=22, Rows=u)), ensure_ascii=False).replace("/Date(", "\\/Date(").replace(')/"', ')\\/"'), encoding="utf-8")
    truth(
        f,
        dict(
            name="TrueName",
            id_number="IdCardNo",
            course_code="CourseId",
            course_title="CourseName",
            hours="ClassHours",
            period_start="BeginTime",
            period_end="FinishTime",
            score_total="ExamScore",
            result="IsPassed",
        ),
        "class_hour",
        rows,
        "total or result",
        "local midnight: UTC reading gives the day before",
    )


def a05():  # GraphQL
    ps = people(205, 18)
    rows = []
    u = []
    for p in ps:
        o = {"excellent": "DISTINCTION", "pass": "PASS", "fail": "FAIL"}[p.v]
        u.append(
            dict(
                cursor=f"Y3Vyc29y{p.at}",
                node=dict(
                    id=f"cmp_{p.at:05d}",
                    learner=dict(legalName=p.name, nationalId=bad(p) if p.at == 2 else p.id, staffNo=p.tno, org=dict(code=p.schcode, name=p.sch)),
                    course=dict(code=p.kc, name=p.kt, creditUnits=p.h / 10),
                    progress=dict(percent=100, studiedMinutes=p.h * 45),
                    period={"from": str(p.start), "to": str(p.end)},
                    outcome=o,
                    __typename="Completion",
                ),
            )
        )
        rows.append(row(p, p.h * 45, p.end, p.v))
    f = "a05_graphql.json"
    js(f, dict(data=dict(completions=dict(totalCount=18, pageInfo=dict(hasNextPage=True, endCursor="Y3Vyc29yMTg="), edges=u)), extensions=dict(cost=12)))
    truth(
        f,
        dict(
            name="node.learner.legalName",
            id_number="node.learner.nationalId",
            school_code="node.learner.org.code",
            course_code="node.course.code",
            course_title="node.course.name",
            hours="node.progress.studiedMinutes",
            period_start="node.period.from",
            period_end="node.period.to",
            result="node.outcome",
        ),
        "minute",
        rows,
        "result",
    )


def a06():  # HAL, full mark 150
    ps = people(206, 15)
    rows = []
    u = []
    for p in ps:
        sc = p.r.choice([66, 75, 84, 93, 102, 111, 120, 135, 141])
        v = "excellent" if sc >= 120 else "pass" if sc >= 90 else "fail"
        u.append(
            dict(
                recordNo=f"R2018{p.at:05d}",
                teacher=dict(name=p.name, certificateType="居民身份证", certificateNo=bad(p) if p.at == 6 else p.id),
                trainItem=dict(code=p.kc, title=p.kt),
                hour=str(p.h),
                hourUnit="学时",
                startedOn=str(p.start),
                finishedOn=str(p.end),
                evaluation=dict(score=sc, fullScore=150),
                _links=dict(self=dict(href=f"/records/{p.at}")),
            )
        )
        rows.append(row(p, p.h, p.end, v))
    f = "a06_hal.json"
    js(f, dict(_embedded=dict(trainingRecords=u), _links=dict(self=dict(href="/records?page=0"), next=dict(href="/records?page=1")), page=dict(size=15, totalElements=430, totalPages=29, number=0)))
    truth(
        f,
        dict(
            record_name="recordNo",
            name="teacher.name",
            id_number="teacher.certificateNo",
            course_code="trainItem.code",
            course_title="trainItem.title",
            hours="hour",
            period_start="startedOn",
            period_end="finishedOn",
            score_total="evaluation.score x 100/150",
        ),
        "class_hour",
        rows,
        "total",
        "full mark 150: 66/150 and 84/150 fail, but read as /100 pass",
    )


def a07():  # JSON:API
    ps = people(207, 20)
    rows = []
    u = []
    for p in ps:
        g = "A" if p.score >= 85 else "B" if p.score >= 75 else "C" if p.score >= 60 else "D"
        u.append(
            dict(
                type="completions",
                id=str(9000 + p.at),
                attributes={
                    "teacher-name": p.name,
                    "teacher-id-card": bad(p) if p.at == 13 else p.id,
                    "course-no": p.kc,
                    "course-title": p.kt,
                    "duration": p.h * 60,
                    "duration-unit": "MIN",
                    "started-at": moment(p, 8, p.start).isoformat(),
                    "completed-at": moment(p, 0).isoformat(),
                    "updated-at": moment(p, 9, p.end + datetime.timedelta(days=2)).isoformat(),
                    "grade-level": g,
                },
                relationships=dict(school=dict(data=dict(type="schools", id=p.schcode))),
            )
        )
        rows.append(row(p, p.h * 60, p.end, "fail" if g == "D" else "pass"))
    f = "a07_jsonapi.json"
    js(f, dict(jsonapi=dict(version="1.0"), data=u, included=[dict(type="schools", id=f"21220{i+11:05d}", attributes=dict(name=s)) for i, s in enumerate(SCH)], meta=dict(total=20)))
    truth(
        f,
        dict(
            name="attributes.teacher-name",
            id_number="attributes.teacher-id-card",
            course_code="attributes.course-no",
            course_title="attributes.course-title",
            hours="attributes.duration",
            period_start="attributes.started-at",
            period_end="attributes.completed-at",
            result="attributes.grade-level (A-D; D fails; a question is right)",
        ),
        "minute",
        rows,
        "result",
    )


def a08():  # SOAP DataSet
    ps = people(208, 16)
    rows = []
    t = []
    for i, p in enumerate(ps):
        code = {"excellent": "1", "pass": "2", "fail": "3"}[p.v]
        t.append(
            f'<Table diffgr:id="Table{i+1}" msdata:rowOrder="{i}"><XM>{p.name}</XM><ZJLX>1</ZJLX><ZJHM>{bad(p) if p.at==7 else p.id}</ZJHM><DWMC>{p.sch}</DWMC><PXMC>{p.kt}</PXMC><XXSC>{p.h*45}</XXSC><SCDW>分钟</SCDW><KSSJ>{p.start}T00:00:00+08:00</KSSJ><JYSJ>{p.end}T00:00:00+08:00</JYSJ><PDJG>{code}</PDJG></Table>'
        )
        rows.append(row(p, p.h * 45, p.end, p.v))
    f = "a08_soap_dataset.xml"
    (S / f).write_text(
        '<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><QueryTrainResultResponse xmlns="http://tempuri.org/"><QueryTrainResultResult><xs:schema id="NewDataSet" xmlns="" xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:element name="NewDataSet"><xs:complexType><xs:choice><xs:element name="Table"><xs:complexType><xs:sequence><xs:element name="XM" type="xs:string" minOccurs="0"/><xs:element name="ZJHM" type="xs:string" minOccurs="0"/></xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:schema><diffgr:diffgram xmlns:msdata="urn:schemas-microsoft-com:xml-msdata" xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1"><NewDataSet xmlns="">'
        + "".join(t)
        + "</NewDataSet></diffgr:diffgram></QueryTrainResultResult></QueryTrainResultResponse></soap:Body></soap:Envelope>",
        encoding="utf-8",
    )
    truth(
        f,
        dict(name="XM", id_number="ZJHM", course_title="PXMC", hours="XXSC", period_start="KSSJ", period_end="JYSJ", result="PDJG (1 优秀 2 合格 3 不合格; not told: a question)"),
        "minute",
        rows,
        "result (question)",
    )


def a09():  # attributes, parent class
    ps = people(209, 24)
    rows = []
    x = ['<?xml version="1.0" encoding="GBK"?>', '<export system="jjw" time="2015-07-15 09:30:00">']
    for k, (c, t) in enumerate(CRS[:3]):
        x.append(f'  <class id="{c}" name="{t}" teacher="何宏伟">')
        for p in ps[k * 8 : k * 8 + 8]:
            e = datetime.date(2015, 7, 1) + datetime.timedelta(days=p.r.randrange(12))
            s = e - datetime.timedelta(days=5)
            x.append(
                f'    <stu no="{p.tno}" name="{p.name}" idcard="{bad(p) if p.at==5 else p.id}" school="{p.sch}" xueshi="{p.h}" begin="{s.year}/{s.month}/{s.day}" end="{e.year}/{e.month}/{e.day}" score="{p.score:g}" final="{p.word}"/>'
            )
            rows.append(row(p, p.h, e, p.v))
        x.append("  </class>")
    x.append("</export>")
    f = "a09_class_export.xml"
    (S / f).write_bytes("\n".join(x).encode("gbk"))
    truth(
        f,
        dict(
            name="@name",
            id_number="@idcard",
            course_code="class @id (parent)",
            course_title="class @name (parent)",
            hours="@xueshi",
            period_start="@begin",
            period_end="@end",
            score_total="@score",
            result="@final",
        ),
        "class_hour",
        rows,
        "total or result",
        "course stands on the parent element",
    )


def a10():  # Atom
    ps = people(210, 14)
    rows = []
    x = [
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom" xmlns:tr="http://jlpx.example/ns/record"><title>结业记录</title><id>urn:jlpx:feed</id><updated>2017-09-01T00:00:00+08:00</updated>'
    ]
    for p in ps:
        up = moment(p, 10, p.end + datetime.timedelta(days=6))
        v = {"excellent": "excellent", "pass": "pass", "fail": "fail"}[p.v]
        x.append(
            f'<entry><id>urn:jlpx:rec:{p.at}</id><title>{p.name}完成《{p.kt}》</title><updated>{up.isoformat()}</updated><author><name>{["平台管理员","孙红","马艳"][p.at%3]}</name></author><category term="{p.kc}" label="{p.kt}"/><content type="application/xml"><tr:record><tr:teacherName>{p.name}</tr:teacherName><tr:idCard>{bad(p) if p.at==3 else p.id}</tr:idCard><tr:classHour>{p.h}</tr:classHour><tr:beginDate>{p.start}</tr:beginDate><tr:endDate>{p.end}</tr:endDate><tr:result>{v}</tr:result></tr:record></content></entry>'
        )
        rows.append(row(p, p.h, p.end, p.v))
    x.append("</feed>")
    f = "a10_atom_feed.xml"
    (S / f).write_text("\n".join(x), encoding="utf-8")
    truth(
        f,
        dict(
            name="content.record.teacherName",
            id_number="content.record.idCard",
            course_code="category.@term",
            course_title="category.@label",
            hours="content.record.classHour",
            period_start="content.record.beginDate",
            period_end="content.record.endDate",
            result="content.record.result",
        ),
        "class_hour",
        rows,
        "result",
    )


def a11():  # Kingbase jsonl
    ps = people(211, 30)
    rows = []
    o = []
    for p in ps:
        de = p.at % 10 == 0
        o.append(
            json.dumps(
                dict(
                    LSH=f"{20150000+p.at}",
                    XM=p.name,
                    SFZJLXM="1",
                    SFZJH=bad(p) if p.at == 11 else p.id,
                    XXDM=p.schcode,
                    XXMC=p.sch,
                    PXXMMC="吉林省" + p.kt + "培训",
                    PXFSM="1",
                    PXXS=p.h,
                    PXXF=round(p.h / 20, 1),
                    PXKSNY=p.start.strftime("%Y%m"),
                    PXJSRQ=p.end.strftime("%Y%m%d"),
                    PXJGM={"excellent": "01", "pass": "02", "fail": "03"}[p.v],
                    LRSJ=f"{p.end+datetime.timedelta(days=20)} 10:22:{p.at:02d}",
                    SCBZ="1" if de else "0",
                ),
                ensure_ascii=False,
            )
        )
        rows.append(row(p, p.h, p.end, p.v, skip=de))
    f = "a11_T_JS_GNPX.jsonl"
    (S / f).write_text("\n".join(o) + "\n", encoding="utf-8")
    truth(
        f,
        dict(
            record_name="LSH",
            name="XM",
            id_number="SFZJH",
            school_code="XXDM",
            course_title="PXXMMC",
            project_title="PXXMMC",
            hours="PXXS",
            period_end="PXJSRQ",
            result="PXJGM (01 优秀 02 合格 03 不合格; not told: a question)",
        ),
        "class_hour",
        rows,
        "result (question)",
        "SCBZ 1 = deleted; PXXF credits stand beside",
    )


def a12():  # SCORM
    ps = people(212, 20)
    rows = []
    u = []
    for p in ps:
        ok = p.score >= 80
        st = "passed" if ok else "failed"
        if p.at % 7 == 0:
            st = "incomplete"
        e = moment(p, p.r.choice([0, 6, 13, 23]))
        m = p.h * 45
        u.append(
            {
                "learner": dict(realname=p.name, idcard=(bad(p) if p.at == 8 else p.id), tel=p.tel, unit=p.sch),
                "sco": dict(identifier=p.kc, title=p.kt, masteryscore=80),
                "cmi.core.total_time": f"{m//60:04d}:{m%60:02d}:00.00",
                "cmi.core.lesson_status": st,
                "cmi.core.score.raw": f"{p.score:g}",
                "period": p.h,
                "firstLoginTime": int(moment(p, 9, p.start).timestamp() * 1000),
                "finishTime": int(e.timestamp() * 1000),
            }
        )
        rows.append(row(p, p.h, p.end, "fail" if st != "passed" else "pass"))
    f = "a12_scorm_track.json"
    js(f, dict(code=0, msg="ok", data=dict(total=20, pageNo=1, list=u)))
    truth(
        f,
        dict(
            name="learner.realname",
            id_number="learner.idcard",
            course_code="sco.identifier",
            course_title="sco.title",
            hours="period",
            period_start="firstLoginTime",
            period_end="finishTime",
            result="'cmi.core.lesson_status'",
        ),
        "class_hour",
        rows,
        "result",
        "mastery score 80: raw 63..78 failed; bands of 60 would count them; incomplete is not passed",
    )


for g in [o01, o02, o03, o04, o05, o06, o07, o08, o09, o10, o11, o12, a01, a02, a03, a04, a05, a06, a07, a08, a09, a10, a11, a12]:
    g()
