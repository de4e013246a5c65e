"""Reads or changes a correction sheet, as a person does with a spreadsheet program.

sheet.py FILE                 prints header, rows, colours and hidden columns as JSON
sheet.py FILE OUT CHANGES     applies a JSON list of changes and saves the workbook under another name
sheet.py FILE OUT TOKEN FIELD VALUE   sets a cell below whichever row names the fields, and adds a sheet of notes
"""
import json
import sys

import openpyxl

book = openpyxl.load_workbook(sys.argv[1])
sheet = book.active


def columns():
    return {cell.value: cell.column for cell in sheet[1]}


def find_row(value):
    return next(cell.row for row in sheet.iter_rows(min_row=2) for cell in row if cell.value == value)


if len(sys.argv) == 6:
    out, token, field, value = sys.argv[2:]
    for sheet in book:
        names = next((row for row in sheet.iter_rows() if any(cell.value == "huiliu:row" for cell in row)), None)
        if names is None:
            continue
        at = {"".join(str(cell.value or "").split()): cell.column for cell in names}
        for row in sheet.iter_rows(min_row=names[0].row + 1):
            if str(row[at["huiliu:row"] - 1].value).startswith(token):
                row[at[field] - 1].value = value
    if "备注" not in book:
        book.create_sheet("备注").append(["已核对"])
    book.save(out)
    sys.exit()

if len(sys.argv) == 2:
    rows = list(sheet.iter_rows(min_row=2))
    hidden = [sheet[1][n].value for n in range(sheet.max_column)
              if sheet.column_dimensions[openpyxl.utils.get_column_letter(n + 1)].hidden]
    json.dump({
        "sheet": sheet.title,
        "header": [cell.value for cell in sheet[1]],
        "rows": [[cell.value for cell in row] for row in rows],
        "types": sorted({cell.data_type for row in rows for cell in row if cell.value is not None}),
        "coloured": [[sheet[1][cell.column - 1].value for cell in row if cell.fill.fgColor.rgb == "FFFFC7CE"] for row in rows],
        "hidden": hidden,
    }, sys.stdout)
    sys.exit()

for change in json.loads(sys.argv[3]):
    kind = change["do"]
    if kind == "set":
        cell = sheet.cell(find_row(change["row"]), columns()[change["column"]])
        cell.value = change["value"]
    elif kind == "drop":
        sheet.delete_cols(columns()[change["column"]])
    elif kind == "move":
        at = columns()[change["column"]]
        moved = [cell.value for (cell,) in sheet.iter_rows(min_col=at, max_col=at)]
        sheet.delete_cols(at)
        sheet.insert_cols(1)
        for row, value in enumerate(moved, 1):
            sheet.cell(row, 1).value = value
    elif kind == "double":
        sheet.cell(1, sheet.max_column + 1).value = change["column"]
    elif kind == "repeat":
        sheet.append([cell.value for cell in sheet[find_row(change["row"])]])
    elif kind == "append":
        sheet.append(change["values"])
book.save(sys.argv[2])
