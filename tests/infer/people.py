"""Generated people, schools and courses with a fixed seed. Nobody here exists; check digits are right."""

import datetime
import random

AREAS = ["220102", "220103", "220104", "220183", "220202", "220281", "220302", "220502", "220602", "220702", "222401", "222403"]
FAMILIES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉萍红建文玲慧鑫宇晨雪梅佳琪丹阳"
MINORITY = ["金·哈斯", "阿依古丽·买买提", "乌兰·图雅"]
SCHOOLS = ["长春市第八中学", "南关区平治小学", "吉林市毓文中学", "延吉市新兴小学", "通化县实验幼儿园", "松原市宁江区第四中学", "榆树市秀水镇中心校"]
COURSES = [
    ("T1", "信息技术引发的教育教学变革"), ("T5", "多媒体教学环境认知与常用设备使用"), ("T11", "技术支持的课堂导入"),
    ("T12", "技术支持的课堂讲授"), ("T18", "网络教学平台的应用"), ("T24", "教师工作坊与教师专业发展"),
]
WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


class Person:
    """One made-up teacher."""

    def __init__(self, r):
        born = datetime.date(1958, 1, 1) + datetime.timedelta(days=r.randrange(13_000))
        self.birth = born
        self.female = r.random() < 0.6
        seq = r.randrange(1, 499) * 2 + (0 if self.female else 1)
        body = r.choice(AREAS) + born.strftime("%Y%m%d") + f"{seq:03d}"
        self.id = body + "10X98765432"[sum(int(d) * w for d, w in zip(body, WEIGHTS)) % 11]
        self.name = r.choice(MINORITY) if r.random() < 0.05 else r.choice(FAMILIES) + "".join(r.choice(GIVEN) for _ in range(r.choice([1, 2, 2])))
        self.sex = "女" if self.female else "男"
        self.phone = "1" + r.choice(["38", "39", "50", "86"]) + "".join(str(r.randrange(10)) for _ in range(8))
        self.school = r.randrange(len(SCHOOLS))
        self.school_name = SCHOOLS[self.school]
        self.school_code = ["3422", "2122", "3122", "2122", "1122", "3122", "2122"][self.school] + f"{self.school * 731 + 1024:06d}"


class Row:
    """One training record with everything that a sample may show of it."""

    def __init__(self, r, at, principals):
        p = Person(r)
        self.p, self.at = p, at
        self.principal = principals[p.school]
        self.code, self.title = r.choice(COURSES)
        self.teacher = ["周培杰", "沈玉华", "曹建"][len(self.title) % 3]
        self.start = datetime.date(2014, 9, 1) + datetime.timedelta(days=r.randrange(300))
        self.days = r.choice([2, 3, 4, 5, 10])
        self.end = self.start + datetime.timedelta(days=self.days - 1 + r.randrange(30))
        self.issued = self.end + datetime.timedelta(days=20)
        self.hours = r.choice([6, 8, 10, 12, 16, 20, 24, 36, 50])
        self.minutes = self.hours * 45
        self.credit = self.hours / 8 if self.hours % 8 else self.hours // 8
        self.score = r.randrange(48, 100) + r.choice([0, 0, 0.5])
        self.pretest = r.randrange(20, 90)
        self.level = "优秀" if self.score >= 80 else "合格" if self.score >= 60 else "不合格"
        self.cert = f"JL{self.end.year}{r.randrange(10**6):06d}{at:03d}"
        self.uuid = f"{r.randrange(16**8):08x}-{r.randrange(16**4):04x}"
        self.clock = f"{r.randrange(8, 22):02d}:{r.randrange(60):02d}:{r.randrange(60):02d}"
        self.version = f"{self.issued} {self.clock}"


made = {}


def rows(seed, count):
    """That many records; the same for the same seed."""
    made[seed] = count
    r = random.Random(seed)
    principals = ["".join([r.choice(FAMILIES), r.choice(GIVEN), r.choice(GIVEN)]) for _ in SCHOOLS]
    return [Row(r, at, principals) for at in range(1, count + 1)]


def zh(day):
    """2014年9月11日"""
    return f"{day.year}年{day.month}月{day.day}日"
