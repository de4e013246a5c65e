# 值应当如何。
id_number-missing = 应填写身份证号，此处为空
id_number-damaged = 身份证号须按文本保存；此号码已被电子表格舍入，末三位丢失
id_number-length = 身份证号应为 18 位（1999 年以前签发的可为 15 位数字）
id_number-several = 一格只能有一个人的身份证号；请每人一行
id_number-example = 此号码是标准或表样中印的示例；请填写教师本人的号码，或删去示例行
id_number-character = 身份证号只能由数字组成，仅 18 位号码的末位可为 X
id_number-check_digit = 身份证号末位校验码应与前 17 位相符
id_number-area = 身份证号前六位应为现行或曾用的行政区划代码
id_number-date = 身份证号中的出生日期应为 1800 至 2100 年间真实存在的日期
id_slip-letters = 把数字 0、1 写成了字母
id_slip-replaced = 有一位不同
id_slip-swapped = 相邻两位颠倒
id_slip-missing = 少了一位
id_slip-surplus = 多了一位

name-missing = 应填写姓名，此处为空
name-length = 姓名不得超过 50 个字符
name-character = 姓名中不得有数字、控制字符、乱码，或只用于遮盖和列举的符号
name-several = 一格只能有一个人的姓名；请每人一行
name-note = 此格只能填写姓名；说明和称呼请写到另一列（曾用名可以在括号中保留）
name-example = 此处应为教师姓名，而不是示例或表格用语；请填写姓名，或删去该行

hours-missing = 应填写培训时长，此处为空
hours-number = 培训时长应为普通十进制数，如 50 或 12.5
hours-negative = 培训时长不得为负
hours-too_large = 培训时长不得超过 99999 学时
hours-exact = 培训时长应为 1/108000 学时的整数倍

score-missing = 应填写成绩，此处为空
score-number = 成绩应为普通十进制数，如 85 或 85.5
score-range = 成绩应在 0 至 100 之间
score-precision = 成绩最多两位小数

date-missing = 应填写日期，此处为空
date-form = 日期应写作 2014-09-11、2014/9/11、20140911 或 2014年9月11日
date-date = 日期应为 1900 至 2100 年间真实存在的日期
date-day = 日期应写明到日，不能只写年月
