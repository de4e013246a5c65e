# 学校标识码。
school_code-missing = 应填写学校标识码，此处为空
school_code-form = 学校标识码应为 10 位数字
school_code-category = 学校标识码前两位应为学校类别，如小学为 21
