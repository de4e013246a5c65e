//! How a platform is reached: addresses, credentials, answers that are not records, and request budgets.

use std::collections::BTreeMap;

use crate::shape::{Within, choice, table, words};
use crate::template::Template;

words! {
    /// Methods of a request.
    #[zh = "请求的方法"]
    pub enum Method {
        /// GET.
        #[zh = "GET"]
        "get" => Get,
        /// POST.
        #[zh = "POST"]
        "post" => Post,
        /// PUT.
        #[zh = "PUT"]
        "put" => Put,
        /// DELETE.
        #[zh = "DELETE"]
        "delete" => Delete,
    }
}

choice! {
    /// The body of a request. Values are written as the format needs: escaped.
    #[zh = "请求体；其中的取值按格式转义"]
    pub enum RequestBody by kind {
        /// Fields of a form.
        #[zh = "表单字段"]
        form => Form {
            /// Name → value.
            #[zh = "名称 → 取值"]
            fields: BTreeMap<String, Template>;
        }
        /// A JSON text.
        #[zh = "JSON 文本"]
        json => Json {
            /// The text, as `{"page":${page},"from":"${since}"}`.
            #[zh = "文本，如 {\"page\":${page},\"from\":\"${since}\"}"]
            text: Template;
        }
        /// An XML text, as of SOAP; its action is a header.
        #[zh = "XML 文本（如 SOAP；SOAPAction 写在 headers）"]
        xml => Xml {
            /// The text.
            #[zh = "文本"]
            text: Template;
        }
    }
}

table! {
    /// A request below the source's `base_url`.
    #[zh = "对来源 base_url 之下的一个请求"]
    pub struct Request, short for path {
        /// Path.
        #[zh = "路径"]
        path: Template;
        /// Method.
        #[zh = "方法"]
        method: Method = Method::Get, "get";
        /// Query parameters.
        #[zh = "查询参数"]
        query: BTreeMap<String, Template> = BTreeMap::new(), "{}";
        /// Headers.
        #[zh = "请求头"]
        headers: BTreeMap<String, Template> = BTreeMap::new(), "{}";
        /// Body.
        #[zh = "请求体"]
        body: Option<RequestBody>;
    }
}

impl Request {
    /// Returns the names of the values it needs.
    pub fn value_names(&self) -> impl Iterator<Item = &str> {
        let body: Vec<&Template> = match &self.body {
            Some(RequestBody::Form { fields }) => fields.values().collect(),
            Some(RequestBody::Json { text } | RequestBody::Xml { text }) => vec![text],
            None => vec![],
        };
        [&self.path]
            .into_iter()
            .chain(self.query.values())
            .chain(self.headers.values())
            .chain(body)
            .flat_map(Template::value_names)
    }
}

words! {
    /// Where a key or token stands in a request.
    #[zh = "密钥或令牌放在请求的何处"]
    pub enum Carrier {
        /// In a header.
        #[zh = "请求头"]
        "header" => Header,
        /// In the query.
        #[zh = "查询参数"]
        "query" => Query,
        /// In a cookie.
        #[zh = "Cookie"]
        "cookie" => Cookie,
    }
}

words! {
    /// Algorithms of a signature, written in lower-case hexadecimal digits.
    #[zh = "签名算法；签名写作小写十六进制"]
    pub enum SignAlgorithm {
        /// HMAC with SHA-256; the key is the source's password.
        #[zh = "HMAC-SHA256，密钥为来源的密码"]
        "hmac_sha256" => HmacSha256,
        /// HMAC with SM3; the key is the source's password.
        #[zh = "HMAC-SM3，密钥为来源的密码"]
        "hmac_sm3" => HmacSm3,
        /// MD5 of the text with the password after it.
        #[zh = "文本后接密码的 MD5"]
        "md5" => Md5,
        /// SM3 of the text with the password after it.
        #[zh = "文本后接密码的 SM3"]
        "sm3" => Sm3,
    }
}

words! {
    /// How the time in a signature is written.
    #[zh = "签名中时间的写法"]
    pub enum StampForm {
        /// Seconds since 1970.
        #[zh = "1970 年以来的秒数"]
        "seconds" => Seconds,
        /// Milliseconds since 1970.
        #[zh = "1970 年以来的毫秒数"]
        "milliseconds" => Milliseconds,
        /// yyyyMMddHHmmss in Asia/Shanghai.
        #[zh = "北京时间 yyyyMMddHHmmss"]
        "digits" => Digits,
    }
}

table! {
    /// A signature over `name=value` of the parameters of query and form, joined by `&`, in an order that is declared; a
    /// parameter that a request does not have is left out. Made anew at every attempt.
    #[zh = "对查询参数和表单字段 name=value 以 & 连接后的签名，顺序由 order 规定；请求没有的参数略去。每次尝试重新签名"]
    pub struct Sign {
        /// Algorithm.
        #[zh = "算法"]
        algorithm: SignAlgorithm = SignAlgorithm::HmacSha256, "hmac_sha256";
        /// Parameter of the application id: the source's user.
        #[zh = "应用编号的参数名；值为来源的用户名"]
        app_id: String;
        /// Parameter of the time.
        #[zh = "时间戳的参数名"]
        timestamp: String;
        /// How the time is written.
        #[zh = "时间戳的写法"]
        stamp: StampForm = StampForm::Seconds, "seconds";
        /// Parameter of a number used once, 32 hexadecimal digits.
        #[zh = "一次性随机数的参数名（32 位十六进制）"]
        nonce: String;
        /// Parameter of the signature.
        #[zh = "签名的参数名"]
        signature: String;
        /// Where these four stand.
        #[zh = "以上四项放在何处"]
        carrier: Carrier = Carrier::Query, "query";
        /// What stands between the text and the password (md5, sm3), as `&key=`.
        #[zh = "待签名文本与密码之间插入的内容（用于 md5、sm3），如 &key="]
        before_key: String = String::new(), "";
        /// The parameters that are signed, in this order; empty: all of them by name.
        #[zh = "参与签名的参数及其顺序；留空则全部按名称排序"]
        order: Vec<String> = vec![], "[]";
    }
}

choice! {
    /// How requests are authorised.
    #[zh = "请求如何认证"]
    pub enum Auth by kind {
        /// Not at all.
        #[zh = "不认证"]
        none => None {}
        /// User and password with every request.
        #[zh = "每个请求带用户名和密码"]
        basic => Basic {}
        /// The password as a bearer token.
        #[zh = "密码作为 Bearer 令牌"]
        bearer => Bearer {}
        /// The password as a key.
        #[zh = "密码作为接口密钥"]
        api_key => ApiKey {
            /// Where it stands.
            #[zh = "放在何处"]
            carrier: Carrier = Carrier::Header, "header";
            /// What it is called.
            #[zh = "名称"]
            name: String = "api-key".to_owned(), "api-key";
        }
        /// OAuth2, client credentials: user and password.
        #[zh = "OAuth2 客户端凭证：用户名和密码"]
        oauth2 => Oauth2 {
            /// Path of the token endpoint, on the host of `base_url`.
            #[zh = "令牌接口路径，在 base_url 的主机上"]
            token_path: String = "/oauth/token".to_owned(), "/oauth/token";
            /// Scope.
            #[zh = "scope"]
            scope: Option<String>;
        }
        /// OAuth2 with a refresh token, which is the source's secret `refresh_token`.
        #[zh = "OAuth2 刷新令牌，取自来源的机密 refresh_token"]
        oauth2_refresh => Oauth2Refresh {
            /// Path of the token endpoint, on the host of `base_url`.
            #[zh = "令牌接口路径，在 base_url 的主机上"]
            token_path: String = "/oauth/token".to_owned(), "/oauth/token";
        }
        /// OAuth2 with a signed assertion (RFC 7523, HS256): the issuer is the user, the key is the password.
        #[zh = "OAuth2 JWT 断言（RFC 7523，HS256）：签发者（iss）为来源的用户名，密钥为来源的密码"]
        jwt => Jwt {
            /// Path of the token endpoint, on the host of `base_url`.
            #[zh = "令牌接口路径，在 base_url 的主机上"]
            token_path: String = "/oauth/token".to_owned(), "/oauth/token";
            /// Audience.
            #[zh = "受众（aud）"]
            audience: String;
        }
        /// A login gives a token or a cookie, which every request carries.
        #[zh = "先登录，取得令牌或 Cookie，之后每个请求携带"]
        session => Session {
            /// The login.
            #[zh = "登录请求"]
            login: Request;
            /// Path of the token in the answer, a JSON document; without it the answer's cookies are carried.
            #[zh = "应答 JSON 中令牌的路径；不写则携带应答的 Cookie"]
            token: Option<String>;
            /// Where the token stands.
            #[zh = "令牌放在何处"]
            carrier: Carrier = Carrier::Header, "header";
            /// What it is called.
            #[zh = "名称"]
            name: String = "Authorization".to_owned(), "Authorization";
            /// What stands before it.
            #[zh = "前缀"]
            prefix: String = String::new(), "";
        }
        /// Every request is signed.
        #[zh = "每个请求签名"]
        sign => Sign {
            /// How.
            #[zh = "签名规则"]
            rule: Sign;
        }
        /// A client certificate: the source's secrets `certificate` and `private_key`, in PEM.
        #[zh = "客户端证书：来源的机密 certificate 与 private_key（PEM）"]
        certificate => Certificate {}
    }
}

words! {
    /// What an answer that is no page of records is taken for.
    #[zh = "对不是记录的应答作何处理"]
    pub enum AnswerMeaning {
        /// It may pass: asked again, after growing pauses.
        #[zh = "暂时的故障：逐渐拉长间隔重试"]
        "retry" => Retry,
        /// Too many requests: asked again after the pause that the platform asks for.
        #[zh = "请求过多：按平台要求的时间等待后重试"]
        "wait" => Wait,
        /// The token has run out: a new one is fetched, and the page asked for again.
        #[zh = "令牌过期：重新取得后再请求"]
        "refresh" => Refresh,
        /// No records, and no error.
        #[zh = "没有记录，也不算错误"]
        "empty" => Empty,
        /// Not worth trying again: the pass fails.
        #[zh = "不重试：本次同步失败"]
        "fail" => Fail,
    }
}

table! {
    /// How an answer that is no page of records is told, and what it is taken for. All that is given must hold.
    #[zh = "如何识别不是记录的应答，以及如何处理。所写的条件须全部成立"]
    pub struct AnswerRule {
        /// Statuses.
        #[zh = "状态码"]
        status: Option<Vec<Within<100, 599>>>;
        /// Path in the JSON answer.
        #[zh = "JSON 应答中的路径"]
        path: Option<String>;
        /// Texts, one of which stands at `path`.
        #[zh = "path 处的文本为其中之一"]
        is: Option<Vec<String>>;
        /// A text that stands anywhere in the answer's first 64 KiB.
        #[zh = "应答前 64 KiB 中含有的文本"]
        contains: Option<String>;
        /// What it is taken for.
        #[zh = "作何处理"]
        taken: AnswerMeaning;
        /// Header with the seconds to wait.
        #[zh = "给出等待秒数的应答头"]
        wait_header: String = "retry-after".to_owned(), "retry-after";
    }
}

table! {
    /// How often a platform may be asked, by all workers together.
    #[zh = "所有工作进程合计的请求频率上限"]
    pub struct Budget {
        /// So many requests…
        #[zh = "请求数"]
        requests: Within<1, 10_000>;
        /// …in so many seconds.
        #[zh = "每多少秒内"]
        seconds: Within<1, 86_400> = Within(1), "1";
    }
}

table! {
    /// How the same files are fetched, for a source that has a base URL and no folder.
    #[zh = "来源设有 base_url 而没有 folder 时，如何下载这些文件"]
    pub struct Download {
        /// The listing, one JSON document.
        #[zh = "列表请求（一个 JSON 文档）"]
        list: Request;
        /// Path of the array of files in it.
        #[zh = "其中文件数组的路径"]
        items: String;
        /// Path of a file's name in an item.
        #[zh = "条目中文件名的路径"]
        name: String;
        /// A file's request, with `${file}`.
        #[zh = "下载请求，含 ${file}"]
        file: Request;
        /// How requests are authorised.
        #[zh = "认证方式"]
        auth: Auth = Auth::None {}, "none";
    }
}

words! {
    /// Where a bucket's name stands in addresses.
    #[zh = "桶名写在地址的何处"]
    pub enum BucketStyle {
        /// Before the host: `https://BUCKET.HOST/KEY`.
        #[zh = "主机名之前：https://桶名.主机/键"]
        "host" => Host,
        /// In the path: `https://HOST/BUCKET/KEY`, as of MinIO.
        #[zh = "路径之中：https://主机/桶名/键（如 MinIO）"]
        "path" => Path,
    }
}

table! {
    /// Where the same files lie in an object store that speaks S3, for a source that has a base URL and no folder. The
    /// source's user is the access key, its password the secret key; a temporary key has the secret `session_token` too.
    /// Every object below the prefix is looked at; its name is what stands behind the last `/`. AnswerMeaning in the order in which
    /// they were changed, and once more when they are changed.
    #[zh = "来源设有 base_url 而没有 folder 时，同样的文件在 S3 协议对象存储中的位置。来源的用户名为 Access Key，密码为 Secret Key；临时密钥另设机密 session_token。前缀之下的对象全部列出，最后一个 / 之后为文件名。按修改时间的先后读取；修改过的再读取一次"]
    pub struct Bucket {
        /// Name of the bucket; it may hold `${settings.NAME}`, `${institution}` and `${user}`, as the others here.
        #[zh = "桶名；可含 ${settings.名称}、${institution} 和 ${user}，下同"]
        name: Template;
        /// What the objects' keys begin with.
        #[zh = "对象键的前缀"]
        prefix: Template = Template::default(), "";
        /// Region, as the store calls it.
        #[zh = "区域，按对象存储的叫法"]
        region: Template = Template::from_text("us-east-1"), "us-east-1";
        /// Where its name stands in addresses.
        #[zh = "桶名写在地址的何处"]
        style: BucketStyle = BucketStyle::Host, "host";
    }
}

choice! {
    /// How a platform is reached.
    #[zh = "如何与平台对接"]
    pub enum Transport by kind {
        /// HTTP; base URL and credentials are the source's settings.
        #[zh = "HTTP；地址与凭证在来源设置中"]
        http => Http {
            /// How requests are authorised.
            #[zh = "认证方式"]
            auth: Auth = Auth::None {}, "none";
            /// Answers that are no records.
            #[zh = "不是记录的应答"]
            answers: Vec<AnswerRule> = vec![], "[]";
            /// How often the platform may be asked.
            #[zh = "请求频率上限"]
            budget: Option<Budget>;
        }
        /// Files in a folder that the source's settings name, taken in the order of their names, in which numbers count as
        /// numbers (2 before 10); without a folder, from where `download` or `bucket` says.
        #[zh = "来源设置所指文件夹中的文件，按文件名顺序读取，其中数字按大小排列（2 在 10 之前）；没有文件夹时取自 download 或 bucket"]
        files => Files {
            /// Patterns of their names, each with one `*`; capital letters are as good as small ones.
            #[zh = "文件名模式，各可含一个 *；不分大小写"]
            names: Vec<String>;
            /// How they are fetched, where there is no folder.
            #[zh = "没有文件夹时如何下载"]
            download: Option<Box<Download>>;
            /// The bucket they lie in, where there is no folder.
            #[zh = "没有文件夹时，文件所在的桶"]
            bucket: Option<Box<Bucket>>;
        }
        /// Nothing is fetched: payloads are handed in with `huiliu upload`, or sent to `huiliu receive`.
        #[zh = "不主动读取：原始载荷用 huiliu upload 递交，或由平台发送给 huiliu receive"]
        push => Push {}
    }
}
