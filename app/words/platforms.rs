//! What core says about platforms that are read over HTTP, and about files that are handed in; as `phrases` has it.

/// The more particular sentence stands before the more general.
pub const PLATFORMS: &[(&str, &str)] = &[
    // Where connections go.
    (
        "{} is at {}, which is no public address; if it is right, let operations add its network to allow_networks",
        "{0} 的地址为 {1}，不是公网地址；若确实无误，请由运维把其网段加入 allow_networks",
    ),
    ("{}: only http and https are spoken", "{0}：只支持 http 和 https"),
    (
        "{}: the platform leads on to {} ({}); redirects are not followed: give the address itself",
        "{0}：平台转向 {1}（{2}）；不跟随重定向，请直接写目标地址",
    ),
    ("another path", "另一路径"),
    ("{}: the link is no URL: {}", "{0}：链接不是网址：{1}"),
    ("it begins with neither http:// nor https://", "它不以 http:// 或 https:// 开头"),
    (
        "{} leads to another host, {}; only the host of base_url is asked: give a path on it",
        "{0} 指向另一台主机 {1}；只访问 base_url 的主机，请写其上的路径",
    ),
    (
        "it leads to another host; give a path on the host of base_url, as /api/list",
        "它指向另一台主机；请写 base_url 主机上的路径，如 /api/list",
    ),
    // What is sent.
    ("{} has no value; check the source's settings", "{0} 没有值；请检查该来源的设置"),
    ("{} would lead out of its path; check where it comes from", "{0} 会越出所在路径；请检查它的来历"),
    (
        "a request's body is no JSON once its values are filled in; put quotes around those that are texts",
        "填入取值后请求体不是 JSON；文本取值须加引号",
    ),
    ("the header {} cannot be sent: {}", "请求头 {0} 无法发送：{1}"),
    ("its name is none of a header", "名称不是合法的请求头名"),
    ("its value has a line break or the like", "取值中有换行等字符"),
    ("the cookies cannot be sent: they have a line break or the like", "Cookie 无法发送：其中有换行等字符"),
    ("a request cannot be made of these values", "这些取值无法组成请求"),
    ("the budget of the platform cannot be asked for: {}", "无法取得该平台的请求额度：{0}"),
    // How it is authorised.
    (
        "the secrets certificate and private_key are no certificate and key in PEM",
        "密钥 certificate 与 private_key 不是 PEM 格式的证书和私钥",
    ),
    ("the token that was given is empty or not printable", "所得令牌为空或含不可显示的字符"),
    ("{}: the login gave no cookie; check user and password", "{0}：登录没有给出 Cookie；请检查用户名和密码"),
    (
        "{}: the login gave no token at {}; check user and password",
        "{0}：登录应答的 {1} 处没有令牌；请检查用户名和密码",
    ),
    // What comes back.
    ("{}: the platform answered {}, which the manifest takes for {}", "{0}：平台返回 {1}，按清单视为{2}"),
    ("something that may pass", "暂时的故障"),
    ("too many requests", "请求过多"),
    ("a token that has run out", "令牌过期"),
    ("an error that stays", "不会自行消失的错误"),
    (
        "{}: the answer is packed as {}, which was not asked for; only gzip is read",
        "{0}：应答以 {1} 压缩，并未要求如此；只支持 gzip",
    ),
    (
        "{}: the answer unpacks to more than {} bytes or {} times its size; ask for smaller pages",
        "{0}：应答解压后超过 {1} 字节或自身大小的 {2} 倍；请减小每页条数",
    ),
    ("{}: the packed answer is broken: {}", "{0}：压缩的应答已损坏：{1}"),
    ("{}: no number of all records at {}", "{0}：{1} 处没有总条数"),
    ("{}: nothing at {} tells whether there is more", "{0}：{1} 处没有说明是否还有"),
    ("{}: the last record has nothing at {}", "{0}：末条记录的 {1} 处没有内容"),
    ("{}: more than {} pages in one pass; ask for larger pages", "{0}：一次同步超过 {1} 页；请增大每页条数"),
    (
        "{}: {} pages without a record, and more are said to come; ask its operator about paging",
        "{0}：连续 {1} 页没有记录，而平台称还有更多；请向平台方询问分页",
    ),
    (
        "{}: the page holds the same records as the one before; the platform may ignore the parameter that asks for it",
        "{0}：此页与前一页的记录完全相同；平台可能没有理会翻页参数",
    ),
    ("{}: the token of the next page is longer than {} bytes", "{0}：下一页的令牌超过 {1} 字节"),
    // Cursors that people give.
    ("the stream is read from a day on, and {} is none", "该数据流从某日读起，而 {0} 不是日期"),
    ("the stream is read from a number on, and {} is none", "该数据流从某个编号读起，而 {0} 不是数字"),
    ("the stream's pages have numbers, and {} is none", "该数据流按数字翻页，而 {0} 不是数字"),
    // Fan-out and exports.
    (
        "stream {} would be read once for each of more than {} values; narrow its fan-out",
        "数据流 {0} 的分路超过 {1} 个；请缩小范围",
    ),
    ("{}: an item of the listing has no id", "{0}：列表中有条目没有 id"),
    (
        "the export that was ordered has failed: {}; the next sync orders another",
        "所申请的导出失败：{0}；下次同步将重新申请",
    ),
    (
        "the export that was ordered is {} after {} s; the next sync goes on waiting for it",
        "所申请的导出在 {1} 秒后仍为 {0}；下次同步将继续等待",
    ),
    ("{}: no id of the export at {}", "{0}：{1} 处没有导出任务的编号"),
    ("{}: the id of the export is not printable", "{0}：导出任务的编号含不可显示的字符"),
    ("{}: no state of the export at {}", "{0}：{1} 处没有导出任务的状态"),
    ("{}: the export is ready, but there is no URL at {}", "{0}：导出已完成，但 {1} 处没有网址"),
    // Buckets of object stores.
    ("give download or bucket, not both", "download 与 bucket 只能写一个"),
    ("a bucket has a name", "桶须有名称"),
    ("connector {} declares no bucket", "连接器 {0} 没有声明桶"),
    (
        "no address can be made of the bucket {} at {}: {}; check both, or write the style path",
        "无法由桶 {0} 与 {1} 组成地址：{2}；请检查二者，或把 style 写作 path",
    ),
    ("bucket {}, prefix {}", "桶 {0}、前缀 {1}"),
    ("{}: the listing cannot be read: {}", "{0}：列表无法读取：{1}"),
    ("{}: the listing leads back to the same page", "{0}：列表翻页又回到同一页"),
    ("{}: more than {} pages of objects; give a prefix that has fewer", "{0}：对象超过 {1} 页；请写对象较少的前缀"),
    ("an object without a Key", "有对象没有 Key"),
    ("{} has no LastModified", "{0} 没有 LastModified"),
    ("it is cut, and has no NextContinuationToken", "列表未完，却没有 NextContinuationToken"),
    (
        "the object {} has a step of one or two dots, which no address can hold; store it under another key",
        "对象 {0} 的键中有一段只是一两个点，地址无法表示；请换一个键存放",
    ),
    ("{} bytes came for those from {} to {}", "请求第 {1} 至 {2} 字节，却收到 {0} 字节"),
    ("{}: {}; it is read again", "{0}：{1}；将重新读取"),
    ("{}; the store says {}", "{0}；对象存储称 {1}"),
    ("{} cannot be packed: {}", "{0} 无法压缩：{1}"),
    // Files that are handed in.
    ("connector {} reads its platform itself; it takes no files", "连接器 {0} 自行读取平台，不接受递交的文件"),
    ("connector {} has no stream {}; there are {}", "连接器 {0} 没有数据流 {1}；现有 {2}"),
    ("{} is no file of connector {}; their names are {}", "{0} 不是连接器 {1} 的文件；其文件名应为 {2}"),
];
