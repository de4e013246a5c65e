# What a value must be.
id_number-missing = an ID number is required, but none was given
id_number-damaged = the ID number must be kept as text; this one was rounded by a spreadsheet
id_number-length = the ID number must have 18 characters (or 15 digits if issued before 1999)
id_number-several = the cell must have the ID number of one person; give each person a row
id_number-example = this ID number is printed as an example in standards and forms; write the teacher's own, or delete the example row
id_number-character = the ID number must consist of digits; only the last of 18 characters may be X
id_number-check_digit = the last character of the ID number must match the other seventeen
id_number-area = the first six digits of the ID number must be a division code, current or former
id_number-date = the birth date in the ID number must be a real day from 1800 to 2100
id_slip-letters = letters stand for the digits 0 and 1
id_slip-replaced = one character is different
id_slip-swapped = two neighbouring characters are swapped
id_slip-missing = one character is missing
id_slip-surplus = there is one character too many

name-missing = a name is required, but none was given
name-length = the name must have at most 50 characters
name-character = the name must not contain digits, control characters, replacement characters, or characters that only masks, lists and damaged texts have
name-several = the cell must have the name of one person; give each person a row
name-note = the cell must have only the name; write notes and titles into another column (a former name may stay in brackets, as 曾用名)
name-example = the name of a teacher, not an example or a word of the form; write the name, or delete the row

hours-missing = an amount of training time is required, but none was given
hours-number = the amount of training time must be a plain decimal number such as 50 or 12.5
hours-negative = the amount of training time must not be below zero
hours-too_large = the amount of training time must not be above 99999 class hours
hours-exact = the amount of training time must be a whole number of 1/108000 class hours

score-missing = a score is required, but none was given
score-number = the score must be a plain decimal number such as 85 or 85.5
score-range = the score must lie between 0 and 100
score-precision = the score must have at most two decimals

date-missing = a date is required, but none was given
date-form = the date must be written like 2014-09-11, 2014/9/11, 20140911 or 2014年9月11日
date-date = the date must be a day that exists, from 1900 to 2100
date-day = the date must include the day, not only the month
