"""The headers that county tables use, in Chinese and English, for each canonical column; docs/tables.md lists them.

Only words here: how they are compared stands in `headers`. A project adds its own through ``synonyms``.
"""

_LISTS = {
    "longitude": """
        longitude lon lng long 经度 东经 经度坐标 坐标经度 中心经度 点位经度 位置经度 lonx
        easting x x坐标 东坐标 横坐标 坐标x xcoord pointx
        y(东) y东 y坐标(东) 东(y) 东坐标(y) 东坐标y y(e) 横坐标(y) 横坐标y y(横坐标) 横坐标(x) 横坐标x""",
    "latitude": """
        latitude lat 纬度 北纬 纬度坐标 坐标纬度 中心纬度 点位纬度 位置纬度 laty
        northing y y坐标 北坐标 纵坐标 坐标y ycoord pointy
        x(北) x北 x坐标(北) 北(x) 北坐标(x) 北坐标x x(n) 纵坐标(x) 纵坐标x x(纵坐标) 纵坐标(y) 纵坐标y""",
    "lonlat": """
        lonlat lnglat 经纬度 经纬度坐标 经度纬度 经度/纬度 经度,纬度 经度、纬度 坐标(经度,纬度) 坐标(经纬度) 坐标 坐标位置
        位置坐标 地理坐标 点位坐标 中心坐标 坐标值 定位 定位坐标 coordinates coordinate coord location wkt""",
    "latlon": "latlon latlng 纬经度 纬度经度 纬度/经度 纬度,经度 纬度、经度 坐标(纬度,经度)",
    "id": """
        id 编号 点位编号 设施编号 项目编号 资产编号 房屋编号 中心编号 站点编号 建筑编号 编码 点位编码 资产编码 统一编码 代码
        facilityid siteid uid""",
    "name": """
        name 名称 点位名称 设施名称 中心名称 邻里中心名称 项目名称 资产名称 闲置资产名称 房屋名称 场所名称 站点名称 建筑名称
        建筑物名称 机构名称 点位 namepoi poi title facilityname sitename""",
    "status": "status 状态 点位状态 规划状态 选址状态 选址要求 建设状态",
    "kind": "kind 类别 类型 种类 点位类别 点位类型 设施类别 设施类型 资产类型 资产类别 category type class",
    "stage": "stage 阶段 建设阶段 期次 批次 建设时序 年度 建设年度 计划年度 phase year",
    "cost_yuan": """
        costyuan cost 改造费用 建设费用 费用 造价 总造价 投资 总投资 投资估算 估算投资 计划投资
        改造成本 成本 启动资金 budget 改造费 改造投资 改造资金 改造费用估算""",
    "paid_yuan": "paidyuan paid 已付 已付款 已支付 已拨付 已拨付资金 已投资",
    "area_m2": """
        area floorarea 建筑面积 总建筑面积 面积 使用面积 可用面积 场地面积 房屋面积 房屋建筑面积 闲置面积 可利用面积 建筑面""",
    "capacity": "capacity 容量 服务容量 服务能力 可服务人数 设计服务人数 服务人数 设计容量",
    "zone": """
        zone 乡镇 镇街 街镇 乡镇街道 乡镇(街道) 镇(街道) 镇(街) 镇街名称 乡镇名称 街道名称 乡镇(街道)名称 所属乡镇 所属镇街
        所属街镇 所在乡镇 所在镇街 所在街道 街道 所属街道 所属乡镇(街道) 所在乡镇(街道)
        township town 行政区 区县 district""",
    "zone_code": """
        zonecode 乡镇代码 镇街代码 街道代码 乡镇(街道)代码 乡镇街道代码 区划代码 行政区划代码 行政区代码
        towncode townshipcode streetcode adcode""",
    "village": """
        village 村(社区) 村社区 村居 村(居) 村 行政村 村名 村居名称 村(社区)名称 村社区名称 所属村 所在村 所属村居 所在村居
        所属村(社区) 所在村(社区) 社区 所属社区 所在社区 社区名称 村委会 居委会 村(居)委会 community neighbourhood""",
    "village_code": """
        villagecode 村代码 村居代码 村(居)代码 村(社区)代码 村社区代码 社区代码 行政村代码 村级代码 村委会代码 居委会代码
        communitycode""",
    "address": "address 地址 详细地址 坐落 坐落位置 位置 所在地址 房屋坐落 具体位置 具体地址",
    "ownership": """
        ownership owner 权属 产权 权属性质 产权性质 权属情况 产权情况 权属单位 产权单位 产权人 权利人 所有权 所有权人 权属人
        权属状况 产权归属""",
    "condition": """
        condition 房屋安全等级 安全等级 鉴定等级 房屋鉴定等级 安全鉴定等级 房屋安全鉴定等级 危房等级 房屋等级 房屋质量等级
        建筑质量 房屋质量 房屋状况 房屋现状 质量等级""",
    "current_use": """
        currentuse 现状用途 目前用途 现用途 当前用途 使用现状 使用情况 利用现状 现状使用情况 现状使用功能""",
    "original_use": "originaluse 原用途 原有用途 原使用用途 原功能 原使用功能 建筑原用途 formeruse",
    "land_use": "landuse 用地性质 土地性质 土地用途 规划用地性质 规划用途 用地类型 土地使用性质",
    "heritage": "heritage 文物保护 文保 文保等级 文物等级 文物保护级别 文物保护单位 是否文物 是否文物保护单位",
    "hazard": "hazard 地质灾害 地质灾害隐患 地灾 地灾隐患 地灾隐患点 是否地灾点 地质灾害点",
    "build_mode": """
        buildmode 建设方式 改造方式 建设类型 建设性质 建设模式 选址方式 落地方式 改造类型 建设形式""",
    "upgradable": """
        upgradable upgrade 是否改造提升 可改造提升 可否改造提升 拟改造提升 是否提升 是否可提升 可提升
        是否提升改造 列入改造提升""",
    "built_year": """
        builtyear yearbuilt 建成年份 建成年代 建成时间 建成年 建造年代 建造年份 建造时间 建筑年代 建设年代 竣工时间 竣工年份
        constructionyear""",
    "floors": "floors storeys stories levels 层数 楼层数 楼层 建筑层数 房屋层数 地上层数 总层数",
    "contact": "contact contactname contactperson 联系人 联系人姓名 负责人 负责人姓名 经办人",
    "phone": "phone tel telephone mobile 联系电话 电话 手机 手机号 手机号码 联系方式 联系人电话 联系人手机 电话号码",
}

SYNONYMS: dict[str, tuple[str, ...]] = {column: tuple(names.split()) for column, names in _LISTS.items()}
"""Canonical column -> headers that mean it, the surest first. Row counters (序号) are no ids: they change with sorting.
Some are what the ten bytes of a shapefile's field name leave of a longer one (建筑面)."""
