# 学校标识码。
school_code-missing = 应填写学校标识码，此处为空
school_code-form = 学校标识码应为 10 位数字
school_code-category = 学校标识码前两位应为学校类别，如小学为 21

# 上报关系有何问题。
region-division = "{ $division }" 不是区划代码；应为 6 位
region-ends_before_it_begins = 截止日期早于起始日期
region-reports_to = 省级没有上级，其余都须有上级
region-gap = 空缺：区划 { $region } 自 { $from } 起没有记载
region-overlap = 重叠：{ $region } 在这一天另有一行
region-cycle = 循环：其上级中没有任何一级上报到省
region-no_region = 没有区划 "{ $region }"
region-parent_gap = 空缺：{ $region } 自 { $from } 起向 { $parent } 上报，而其间有些日子没有这一上级
region-successor_gap = 空缺：{ $successor } 自 { $begins } 起，不是 { $region } 截止日的次日
