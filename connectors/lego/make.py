"""Makes the samples: one as openpyxl writes it, one as LibreOffice does (in samples/: python3 ../make.py, soffice on the path).

The people are invented. The two differ as the files of two years do: place and order of the header, the first day counted.
"""
import datetime
import subprocess
import sys

import openpyxl
from openpyxl.styles.numbers import BUILTIN_FORMATS
from openpyxl.utils.datetime import CALENDAR_MAC_1904

PERSON, TRAINING = "学员信息", "培训信息"
FIRST = [(None, "序号"), (PERSON, "姓名"), (PERSON, "身份证号"), (PERSON, "学校标识码"), (TRAINING, "课程编号"),
         (TRAINING, "课程名称"), (TRAINING, "培训基地"), (TRAINING, "开始日期"), (TRAINING, "结束日期"),
         (TRAINING, "天数"), (None, "证书编号")]
SECOND = [(None, "序号"), (None, "证书编号"), (PERSON, "姓 名"), (PERSON, "身份证\n号"), (PERSON, "学校标识码"),
          (TRAINING, "课程编号"), (TRAINING, "课程名称"), (TRAINING, "培训基地"), (TRAINING, "开始日期"),
          (TRAINING, "结束日期"), (TRAINING, "天数"), (None, "备注")]
BASE = "东北师范大学"


def head(sheet, title, columns, row):
    sheet.cell(1, 1, title)
    sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(columns))
    column = 1
    while column <= len(columns):
        upper, lower = columns[column - 1]
        if upper is None:
            sheet.cell(row, column, lower)
            sheet.merge_cells(start_row=row, start_column=column, end_row=row + 1, end_column=column)
            column += 1
            continue
        last = column
        while last < len(columns) and columns[last][0] == upper:
            last += 1
        sheet.cell(row, column, upper)
        sheet.merge_cells(start_row=row, start_column=column, end_row=row, end_column=last)
        for at in range(column, last + 1):
            sheet.cell(row + 1, at, columns[at - 1][1])
        column = last + 1


def rows(sheet, first, lines):
    for at, line in enumerate(lines):
        for column, value in enumerate(line, 1):
            if value is not None:
                cell = sheet.cell(first + at, column, value)
                if isinstance(value, datetime.date):
                    cell.number_format = BUILTIN_FORMATS[14]
    end = first + len(lines)
    sheet.cell(end, 1, "填表人：")
    sheet.cell(end, 3, "2014年10月8日")
    sheet.cell(end + 1, 1, "本表一式两份")


day = datetime.date
book = openpyxl.Workbook()
one = book.active
one.title = "第一期"
head(one, "乐高技术教育创新人才培养计划 学员名册", FIRST, 3)
rows(one, 5, [
    [1, "王一", "22010219590911001X", 2122000107, "LG-01", "简单机械", BASE, day(2014, 9, 8), day(2014, 9, 11), 4, "LG20140001"],
    [2, "李 二", "２２０３８１１９７００１０１１２２８", "2122000114", "LG-05", "机器人入门", BASE, "2014年9月8日", 41893, "2.5天", "LG20140002"],
    [3, "张三", 222401198010102228, "2122000121", "LG-01", "简单机械", BASE, day(2014, 9, 8), day(2014, 9, 11), 4, "LG20140003"],
    [4, "赵四", "220184197001011000", "0122000128", "LG-06", "程序设计", BASE, None, "2014.09", "四天", "LG20140004"],
])
two = book.create_sheet("第二期")
head(two, "乐高技术教育创新人才培养计划 学员名册", FIRST, 2)
rows(two, 4, [
    [1, "巴特尔·其其格", "220502196002290012", "3122000135", "LG-02", "动力与能量", BASE, "2014/9/15", "20140918", 4, "LG20140005"],
    [2, "孙五", 220102590911001, "3122000142", "LG-02", "动力与能量", BASE, "2014/9/15", day(2014, 9, 18), 3.5, None],
])
book.create_sheet("说明")["A1"] = "天数按半天计"
book.save("LEGO_20140930_openpyxl.xlsx")

book = openpyxl.Workbook()
book.epoch = CALENDAR_MAC_1904
one = book.active
one.title = "第三期"
head(one, "2015年 学员名册", SECOND, 2)
rows(one, 4, [
    [1, "LG20150001", "周六", "220184197001011226", "3122000149", "LG-03", "编程猫与机器人", BASE, day(2015, 3, 2), day(2015, 3, 5), "=2+2", None],
    [2, "LG20150002", "吴七", "220113196511300036", "3122000156", "LG-04", "创意搭建", BASE, day(2015, 3, 2), 40606, 0.5, None],
    [3, "LG20150003", "郑八", 220113196511300036, "3122000163", "LG-04", "创意搭建", BASE, day(2015, 3, 2), day(2015, 3, 5), "=1/0", "重修"],
])
book.save("made.xlsx")
for form in sys.argv[1:] or ["xlsx"]:
    subprocess.run(["soffice", "--headless", "--convert-to", form, "--outdir", "out", "made.xlsx"], check=True)
