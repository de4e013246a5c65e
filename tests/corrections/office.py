"""Makes and corrects the sheets of twenty offices. All people in them are generated.

office.py make DIR          writes the sheets, and prints for each its file, source and the values that its faulty rows should have
office.py correct CHANGES   CHANGES is a JSON list of {sheet, out, cells: [[token, field, value], ...]}; sets the cells whose rows have
                            a token that begins so, in a workbook or a text
"""
import csv
import datetime
import io
import json
import pathlib
import random
import sys

import openpyxl
from openpyxl.styles import Alignment, Border, Font, Side

TOKEN = "huiliu:row"
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


def id_number(chance):
    digits = f"2201{chance.choice(['02', '03', '82'])}{chance.randint(1962, 1990)}{chance.randint(1, 12):02}" \
             f"{chance.randint(1, 28):02}{chance.randint(1, 999):03}"
    return digits + "10X98765432"[sum(int(d) * w for d, w in zip(digits, WEIGHTS)) % 11]


def wrong_check(number):
    return number[:17] + ("1" if number[17] != "1" else "2")


def people(chance, office, rows):
    """Rows with 姓名, 身份证号, 天数 or 学时, 结束日期, 证书编号; three of them faulty. Returns rows and the right values by field."""
    made, right = [], {}
    faulty = chance.sample(range(rows), 3)
    for nth in range(rows):
        number = id_number(chance)
        row = {
            "姓名": chance.choice("王李张刘陈杨赵黄") + chance.choice(["小红", "一", "建国", "丽", "雪梅"]),
            "身份证号": number,
            "学校": f"21220000{office + 1:02}",
            "课程": f"C{chance.randint(1, 9):02}",
            "量": str(chance.randint(2, 9)),
            "日期": f"2014-{chance.randint(3, 9):02}-{chance.randint(1, 28):02}",
            "证书": f"Z{office:02}{nth:04}",
        }
        if nth == faulty[0]:
            right["身份证号"], row["身份证号"] = number, wrong_check(number)
        if nth == faulty[1]:
            right["量"], row["量"] = row["量"], "若干"
        if nth == faulty[2]:
            right["日期"], row["日期"] = row["日期"], "2014年13月"
        made.append(row)
    return made, right


def decorate(sheet, first, last, chance):
    thin = Side(style="thin")
    for cells in sheet.iter_rows(min_row=first, max_row=last):
        for cell in cells:
            cell.border = Border(left=thin, right=thin, top=thin, bottom=thin)
            cell.font = Font(name=chance.choice(["宋体", "仿宋_GB2312"]), size=12)
            cell.alignment = Alignment(wrap_text=True, horizontal="center")


def class_register(file, office, chance):
    """A register of a class: titles, a header of two rows with merged cells, totals and signatures below."""
    rows, right = people(chance, office, chance.randint(7, 14))
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = f"第{'一二三四五六七八九十'[office % 10]}期"
    groups = [("学员信息", ["姓名", "身份证号", "学校标识码"]),
              ("培训信息", ["课程编号", "课程名称", "培训基地", "开始日期", "结束日期", "天数"])]
    if office % 2:
        groups.reverse()
    columns, at = [], 1 + office % 3  # Some begin to the right of the margin.
    titles = 1 + office % 3
    names = {"姓名": "姓名", "身份证号": "身份证号", "学校标识码": "学校", "课程编号": "课程", "结束日期": "日期", "天数": "量"}
    top = titles + 1
    for group, fields in groups:
        sheet.cell(top, at, group)
        sheet.merge_cells(start_row=top, end_row=top, start_column=at, end_column=at + len(fields) - 1)
        for field in fields:
            sheet.cell(top + 1, at, field)
            columns.append((at, field))
            at += 1
    for field in ["证书编号"] + (["备注"] if office % 4 == 1 else []):
        sheet.cell(top, at, field)
        sheet.merge_cells(start_row=top, end_row=top + 1, start_column=at, end_column=at)
        columns.append((at, field))
        at += 1
    first = columns[0][0]
    for line in range(1, titles + 1):
        sheet.cell(line, first, ["乐高技术教育创新人才培养计划 学员名册", "填报单位：第三县教育局", "单位：天"][line - 1])
        sheet.merge_cells(start_row=line, end_row=line, start_column=first, end_column=at - 1)
    for down, row in enumerate(rows, top + 2):
        for column, field in columns:
            value = row.get(names.get(field), "")
            value = {"课程名称": "机器人与课堂", "培训基地": "长春基地", "开始日期": "2014-03-01", "证书编号": row["证书"],
                     "备注": "已核" if down % 3 else ""}.get(field, value)
            if field in ("开始日期", "结束日期") and office % 2 and value[-2:].isdigit():
                value = datetime.date.fromisoformat(value)
            if field == "天数" and value.isdigit() and office % 3:
                value = int(value)
            sheet.cell(down, column, value or None)
    bottom = top + 2 + len(rows)
    sheet.cell(bottom, first, "合计")
    sheet.cell(bottom + 1, first, "填表人：王一")
    decorate(sheet, top, bottom, chance)
    book.create_sheet("填表说明").append(["每期一张表"])
    book.save(file)
    return {"学员信息/身份证号": right["身份证号"], "培训信息/天数": right["量"], "培训信息/结束日期": right["日期"]}


def county_list(file, office, chance):
    """A list of a county: one header row below its titles, the school merged over all its teachers, days as dates."""
    rows, right = people(chance, office, chance.randint(7, 14))
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "汇总表"
    header = ["序号", "学校标识码", "姓名", "身份证号", "课程编号", "学 时", "结束\n日期", "证书编号"]
    titles = office % 3
    for line in range(1, titles + 1):
        sheet.cell(line, 1, ["第三县教师培训汇总表", "2014年"][line - 1])
        sheet.merge_cells(start_row=line, end_row=line, start_column=1, end_column=len(header))
    for column, name in enumerate(header, 1):
        sheet.cell(titles + 1, column, name)
    first = titles + 2
    for nth, row in enumerate(rows):
        day = row["日期"]
        day = datetime.datetime.fromisoformat(day) if day[-2:].isdigit() else day
        amount = int(row["量"]) if row["量"].isdigit() else row["量"]
        school = row["学校"] if nth == 0 else None
        cells = [nth + 1, school, row["姓名"], row["身份证号"], row["课程"], amount, day, row["证书"]]
        for column, value in enumerate(cells, 1):
            sheet.cell(first + nth, column, value)
    sheet.merge_cells(start_row=first, end_row=first + len(rows) - 1, start_column=2, end_column=2)
    decorate(sheet, titles + 1, first + len(rows) - 1, chance)
    sheet.freeze_panes = sheet.cell(first, 1)
    book.save(file)
    return {"身份证号": right["身份证号"], "学时": right["量"], "结束日期": right["日期"]}


def text_export(file, office, chance):
    """An export in GB18030, with a title and a signature."""
    rows, right = people(chance, office, chance.randint(7, 14))
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n" if office % 2 else "\n", quoting=csv.QUOTE_ALL if office % 3 == 0 else csv.QUOTE_MINIMAL)
    if office % 2:
        lines.writerow(["中国移动中小学教师信息技术能力培训 学员培训记录"])
    lines.writerow(["序号", "姓名", "身份证号", "学校标识码", "课程编号", "课程名称", "培训学时", "结业时间", "证书编号"])
    for nth, row in enumerate(rows, 1):
        lines.writerow([nth, row["姓名"], "'" + row["身份证号"], row["学校"], row["课程"], "手机与移动学习, 上", row["量"] + "学时",
                        row["日期"], row["证书"]])
    lines.writerow(["填表人：", "", "审核人："])
    file.write_bytes(out.getvalue().encode("gb18030"))
    return {"身份证号": right["身份证号"], "培训学时": right["量"] + "学时", "结业时间": right["日期"]}


def make(folder):
    made = []
    for office in range(20):
        chance = random.Random(office)
        if office < 9:
            file, source, build = folder / f"LEGO_20150{office + 1}01.xlsx", "lego", class_register
        elif office < 15:
            file, source, build = folder / f"汇总_201502{office + 1}.xlsx", "county", county_list
        else:
            file, source, build = folder / f"CMCC_201410{office}_001.csv", "cmcc", text_export
        right = build(file, office, chance)
        made.append({"file": str(file), "source": source, "right": right})
    json.dump(made, sys.stdout)


def plain(name):
    return "".join(str(name or "").split())


def correct(change):
    cells = change["cells"]
    if change["sheet"].endswith(".csv"):
        text = pathlib.Path(change["sheet"]).read_bytes().decode("gb18030")
        rows = list(csv.reader(io.StringIO(text)))
        names = next(row for row in rows if TOKEN in row)
        for token, field, value in cells:
            row = next(row for row in rows if len(row) == len(names) and row[names.index(TOKEN)].strip().startswith(token))
            # What begins with a tab or an apostrophe stays a text when a spreadsheet program opens it.
            at = names.index(field)
            row[at] = (row[at][:1] if row[at].startswith(("\t", "'")) else "") + value
        out = io.StringIO()
        csv.writer(out).writerows(rows)
        pathlib.Path(change["out"]).write_bytes(out.getvalue().encode("gb18030"))
        return
    book = openpyxl.load_workbook(change["sheet"])
    for sheet in book:
        names = next((row for row in sheet.iter_rows() if any(cell.value == TOKEN for cell in row)), None)
        if names is None:
            continue
        at = {plain(cell.value): cell.column for cell in names}
        for token, field, value in cells:
            for row in sheet.iter_rows(min_row=names[0].row + 1):
                if str(row[at[TOKEN] - 1].value).startswith(token):
                    row[at[field] - 1].value = value
    book.save(change["out"])


if sys.argv[1] == "make":
    make(pathlib.Path(sys.argv[2]))
else:
    for change in json.loads(sys.argv[2]):
        correct(change)
