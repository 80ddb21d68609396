"""Who there is in the demo and in the tests: two chains that must never see each other.

Orchid Group runs the literal profile of parameters, Bamboo Care the default one. Every tenant carries a canary word that
no other tenant has; a page or message of one tenant that shows another's canary is a leak.
"""

from __future__ import annotations

from dataclasses import dataclass, field

PASSWORD = "orchid-demo-2026"  # noqa: S105  # the demo's own, printed on its sign-in page; production has no demo


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody with an account. ``number`` is the staff number, ``sites`` site slugs (empty: all)."""

    username: str
    name: str
    roles: tuple[str, ...]
    number: str = ""
    post: str = ""
    gender: str = "f"
    title: str = ""
    doctor: bool = False
    assistant: bool = False
    room: str = ""
    sites: tuple[str, ...] = ()
    specialties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A site with its rooms."""

    slug: str
    name: str
    short_name: str
    city: str
    address: str
    phone: str
    rooms: tuple[tuple[str, str], ...] = ()
    # A small site: the clinician concerned decides about process gates when no supervisor is there (ledger 17 G).
    small: bool = False


@dataclass(frozen=True, slots=True)
class House:
    """A tenant of the demo."""

    slug: str
    name: str
    kind: str
    canary: str
    verticals: tuple[str, ...] = ()
    places: tuple[Place, ...] = ()
    people: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """A chain."""

    name: str
    profile: str
    houses: tuple[House, ...] = field(default_factory=tuple)


SMILE = House(
    slug="smile",
    name="微笑口腔",
    kind="clinic",
    canary="蓝鲸壹",
    verticals=("dental",),
    places=(
        Place(
            "center",
            "微笑口腔中心店",
            "中心店",
            "上海",
            "上海市静安区南京西路 1266 号 2 层",
            "021-62880101",
            (("1", "1诊室"), ("2", "2诊室"), ("3", "3诊室"), ("5", "5诊室"), ("6", "沟通室")),
        ),
        Place(
            "harbor",
            "微笑口腔港湾店",
            "港湾店",
            "上海",
            "上海市浦东新区滨江大道 2967 号",
            "021-58880202",
            (("1", "1诊室"), ("2", "2诊室")),
            small=True,
        ),
    ),
    people=(
        Person("yao.jing", "姚静", ("guide",), "101", "导诊", sites=("center",)),
        Person("bai.lan", "白岚", ("front_desk",), "102", "前台", sites=("center",)),
        Person("ren.tao", "任涛", ("front_desk", "reconciler"), "103", "前台", gender="m", sites=("center",)),
        Person("fang.li", "方丽", ("cashier",), "104", "收银员", sites=("center",)),
        Person("gao.wen", "高文", ("supervisor",), "105", "主管", sites=("center",)),
        Person("rong.an", "荣安", ("higher_supervisor",), "106", "上级主管", gender="m"),
        Person("shen.ke", "沈珂", ("clinic_director",), "107", "门诊主任", gender="m"),
        Person("dou.heng", "窦恒", ("dean",), "108", "院长", gender="m"),
        Person("mei.hua", "梅华", ("head_nurse",), "109", "护士长", sites=("center",)),
        Person("qin.yu", "秦宇", ("doctor_supervisor",), "110", "医生主管", gender="m", sites=("center",)),
        Person("su.qi", "苏琪", ("waiting_attendant",), "111", "候诊区服务员", sites=("center",)),
        Person("ye.fan", "叶帆", ("consultant",), "112", "咨询师", room="6", sites=("center",)),
        Person(
            "dr.pan",
            "潘主任",
            ("doctor", "chief_physician"),
            "005",
            "主任医师",
            "m",
            "主任医师",
            True,
            room="3",
            sites=("center",),
        ),
        Person("dr.lin", "林医生", ("doctor",), "011", "医生", "m", "主治医师", True, room="1", sites=("center",)),
        Person("dr.zhao", "赵医生", ("doctor",), "014", "医生", "m", "主治医师", True, room="5", sites=("center",)),
        Person("dr.xu", "徐医生", ("doctor",), "020", "医生", "f", "主治医师", True, room="2", sites=("center",)),
        Person(
            "dr.xie",
            "谢医生",
            ("doctor", "specialist"),
            "023",
            "正畸专家",
            "f",
            "副主任医师",
            True,
            sites=("center",),
            specialties=("orthodontics",),
        ),
        Person("mo.xiao", "莫晓", ("assistant", "nurse"), "201", "助手", assistant=True, sites=("center",)),
        Person("tang.rui", "唐蕊", ("assistant", "nurse"), "202", "助手", assistant=True, sites=("center",)),
        Person("meng.jie", "孟洁", ("assistant", "nurse"), "203", "助手", assistant=True, sites=("center",)),
        Person("luo.ping", "罗平", ("front_desk", "cashier"), "301", "前台", sites=("harbor",)),
        Person("dr.ding", "丁医生", ("doctor",), "031", "医生", "f", "主治医师", True, room="1", sites=("harbor",)),
        Person("dr.shi", "石医生", ("doctor",), "033", "医生", "m", "医师", True, room="2", sites=("harbor",)),
        Person("an.qin", "安琴", ("assistant", "nurse"), "302", "助手", assistant=True, sites=("harbor",)),
        Person("admin.smile", "系统管理员", ("tenant_admin",), "900", "管理员", gender="m"),
    ),
)

DERMA = House(
    slug="derma",
    name="德玛皮肤",
    kind="clinic",
    canary="赤狐贰",
    verticals=("dermatology",),
    places=(
        Place(
            "main",
            "德玛皮肤总院",
            "总院",
            "杭州",
            "杭州市上城区解放路 88 号",
            "0571-87010303",
            (("1", "1诊室"), ("2", "2诊室"), ("8", "光疗室")),
        ),
        Place(
            "west", "德玛皮肤河西院", "河西院", "南京", "南京市建邺区江东中路 108 号", "025-86010404", (("1", "1诊室"),)
        ),
    ),
    people=(
        Person("zheng.hui", "郑辉", ("front_desk", "guide", "supervisor"), "401", "客服部主任", gender="m"),
        Person("lian.qiao", "连翘", ("guide", "front_desk"), "402", "导医", sites=("main",)),
        Person(
            "hu.min", "胡敏", ("nurse", "follow_up_caller", "assistant"), "403", "护士", assistant=True, sites=("main",)
        ),
        Person("wang.lei", "王磊", ("front_desk", "cashier"), "404", "收银员", gender="m", sites=("main",)),
        Person("dr.cen", "岑医生", ("doctor",), "041", "医生", "f", "主治医师", True, room="1", sites=("main",)),
        Person("dr.bian", "卞医生", ("doctor",), "042", "医生", "m", "副主任医师", True, room="2", sites=("main",)),
        Person("dr.hua", "华医生", ("doctor",), "043", "医生", "f", "主治医师", True, room="1", sites=("west",)),
        Person(
            "tao.ye",
            "陶叶",
            ("front_desk", "cashier", "nurse", "assistant"),
            "405",
            "前台",
            assistant=True,
            sites=("west",),
        ),
        Person("ning.shu", "宁舒", ("clinic_director",), "406", "门诊主任"),
        Person("admin.derma", "系统管理员", ("tenant_admin",), "901", "管理员", gender="m"),
    ),
)

LUMEN = House(
    slug="lumen",
    name="流光医美",
    kind="clinic",
    canary="紫貂叁",
    verticals=("aesthetics",),
    places=(
        Place(
            "lake",
            "流光医美湖滨店",
            "湖滨店",
            "杭州",
            "杭州市西湖区湖滨路 27 号",
            "0571-86020505",
            (("1", "面诊室"), ("2", "治疗室"), ("3", "手术室")),
        ),
    ),
    people=(
        Person("nora.shen", "沈诺", ("consultant", "front_desk"), "501", "咨询师"),
        Person("cui.ling", "崔玲", ("front_desk", "cashier"), "502", "客服"),
        Person("dr.kang", "康医生", ("doctor",), "051", "医生", "m", "主治医师", True, room="3"),
        Person("dr.ruan", "阮医生", ("doctor",), "052", "医生", "f", "主治医师", True, room="2"),
        Person("jin.ya", "金雅", ("nurse", "assistant", "follow_up_caller"), "503", "护士", assistant=True),
        Person("bo.yan", "柏妍", ("supervisor",), "504", "主管"),
        Person("yu.zhen", "于真", ("clinic_director",), "505", "门诊主任"),
        Person("admin.lumen", "系统管理员", ("tenant_admin",), "902", "管理员", gender="m"),
    ),
)

PEIBAN = House(
    slug="peiban",
    name="伴诊",
    kind="escort",
    canary="银杉肆",
    verticals=("escort",),
    places=(Place("first", "伴诊一院组", "一院组", "上海", "上海市黄浦区制造局路 639 号旁", "021-53060606"),),
    people=(
        Person("hao.zhi", "郝志", ("escort_manager",), "601", "陪诊师负责人", gender="m"),
        Person("kefu.an", "安可", ("front_desk",), "602", "客服"),
        Person("ming.yu", "明宇", ("companion",), "611", "陪诊师", gender="m"),
        Person("rui.xin", "芮欣", ("companion",), "612", "陪诊师"),
        Person("lan.zhi", "兰芝", ("companion",), "613", "陪诊师"),
        Person("bo.wen", "博闻", ("companion",), "614", "陪诊师", gender="m"),
        Person("admin.peiban", "系统管理员", ("tenant_admin",), "903", "管理员", gender="m"),
    ),
)

ORCHID = House(
    slug="orchid",
    name="兰花集团总部",
    kind="headquarters",
    canary="白鹭伍",
    people=(
        Person("shen.lan", "沈岚", ("hq_analyst",), "701", "总部分析"),
        Person("xu.heng", "许衡", ("hq_manager",), "702", "总部经理", gender="m"),
        Person("qian.yun", "钱云", ("billing_admin",), "703", "账单管理员"),
        Person("admin.orchid", "系统管理员", ("tenant_admin",), "904", "管理员", gender="m"),
    ),
)

WILLOW = House(
    slug="willow",
    name="青柳皮肤医美",
    kind="clinic",
    canary="墨竹陆",
    verticals=("aesthetics", "dermatology"),
    places=(
        Place(
            "river",
            "青柳江畔店",
            "江畔店",
            "成都",
            "成都市锦江区滨江东路 9 号",
            "028-86070707",
            (("1", "1诊室"), ("2", "治疗室")),
        ),
    ),
    people=(
        Person("liu.yin", "柳茵", ("front_desk", "cashier", "supervisor"), "801", "前台主管"),
        Person("dr.song", "宋医生", ("doctor",), "081", "医生", "f", "主治医师", True, room="1"),
        Person("dr.gu", "顾医生", ("doctor",), "082", "医生", "m", "主治医师", True, room="2"),
        Person("he.xia", "何夏", ("nurse", "assistant", "follow_up_caller"), "802", "护士", assistant=True),
        Person("fu.yi", "傅宜", ("clinic_director",), "803", "门诊主任"),
        Person("admin.willow", "系统管理员", ("tenant_admin",), "905", "管理员", gender="m"),
    ),
)

HERON = House(
    slug="heron",
    name="苍鹭陪诊",
    kind="escort",
    canary="石榴柒",
    verticals=("escort",),
    places=(Place("south", "苍鹭城南组", "城南组", "成都", "成都市武侯区国学巷 37 号旁", "028-85080808"),),
    people=(
        Person("tan.yue", "谭月", ("escort_manager",), "851", "陪诊师负责人"),
        Person("pei.ran", "裴然", ("companion",), "861", "陪诊师"),
        Person("ji.chen", "纪晨", ("companion",), "862", "陪诊师", gender="m"),
        Person("admin.heron", "系统管理员", ("tenant_admin",), "906", "管理员", gender="m"),
    ),
)

BAMBOO = House(
    slug="bamboo",
    name="翠竹医疗总部",
    kind="headquarters",
    canary="金橘捌",
    people=(
        Person("yu.zhu", "于竹", ("hq_analyst", "hq_manager"), "751", "总部分析"),
        Person("jiang.bo", "江波", ("billing_admin",), "752", "账单管理员", gender="m"),
        Person("admin.bamboo", "系统管理员", ("tenant_admin",), "907", "管理员", gender="m"),
    ),
)

GROUPS = (
    Group("Orchid Group", "literal", (ORCHID, SMILE, DERMA, LUMEN, PEIBAN)),
    Group("Bamboo Care", "default", (BAMBOO, WILLOW, HERON)),
)

OPERATIONS = House(
    slug="ops",
    name="连诊运营",
    kind="platform",
    canary="玄武玖",
    people=(Person("op.lu", "陆远", ("operator",), "001", "平台运营", gender="m"),),
)

HOUSES = {house.slug: house for group in GROUPS for house in group.houses} | {OPERATIONS.slug: OPERATIONS}
