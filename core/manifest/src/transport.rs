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
    /// The body of a request. Values are escaped as the format needs.
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
            /// The text, such as `{"page":${page},"from":"${since}"}`.
            #[zh = "文本，如 {\"page\":${page},\"from\":\"${since}\"}"]
            text: Template;
        }
        /// An XML text, such as SOAP; SOAPAction goes into `headers`.
        #[zh = "XML 文本（如 SOAP；SOAPAction 写在 headers）"]
        xml => Xml {
            /// The text, such as `<page>${page}</page>`.
            #[zh = "文本"]
            text: Template;
        }
    }
}

table! {
    /// A request to a path below the source's `base_url`.
    #[zh = "向来源 base_url 之下的路径发出的请求"]
    pub struct Request, short for path {
        /// Path below `base_url`, such as `/api/records`.
        #[zh = "路径"]
        path: Template;
        /// HTTP method.
        #[zh = "方法"]
        method: Method = Method::Get, "get";
        /// Query parameters.
        #[zh = "查询参数"]
        query: BTreeMap<String, Template> = BTreeMap::new(), "{}";
        /// HTTP headers: name → value.
        #[zh = "请求头"]
        headers: BTreeMap<String, Template> = BTreeMap::new(), "{}";
        /// What is sent with the request: a form, JSON or XML.
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
    /// Where a request carries a key or token.
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
    /// Signature algorithms; the signature is written in lower-case hexadecimal digits.
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
    /// A signature over the parameters of query and form: `name=value`, joined by `&`, in the order given by `order`.
    /// Parameters that a request does not have are left out. Every attempt is signed again.
    #[zh = "对查询参数和表单字段 name=value 以 & 连接后的签名，顺序由 order 规定；请求没有的参数略去。每次尝试重新签名"]
    pub struct Sign {
        /// How the signature is computed.
        #[zh = "算法"]
        algorithm: SignAlgorithm = SignAlgorithm::HmacSha256, "hmac_sha256";
        /// Parameter of the application id, which is the source's user.
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
        /// Where the request carries these four parameters.
        #[zh = "以上四项放在请求的何处"]
        carrier: Carrier = Carrier::Query, "query";
        /// Text inserted between the signed text and the password (md5, sm3), such as `&key=`.
        #[zh = "待签名文本与密码之间插入的内容（用于 md5、sm3），如 &key="]
        before_key: String = String::new(), "";
        /// The parameters that are signed, in this order; if empty, all of them, sorted by name.
        #[zh = "参与签名的参数及其顺序；留空则全部按名称排序"]
        order: Vec<String> = vec![], "[]";
    }
}

choice! {
    /// How requests are authenticated.
    #[zh = "请求如何认证"]
    pub enum Auth by kind {
        /// No authentication.
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
            /// Where the request carries it.
            #[zh = "放在请求的何处"]
            carrier: Carrier = Carrier::Header, "header";
            /// Name of the header, parameter or cookie.
            #[zh = "请求头、参数或 Cookie 的名称"]
            name: String = "api-key".to_owned(), "api-key";
        }
        /// OAuth2 with client credentials, which are the user and password.
        #[zh = "OAuth2 客户端凭据：用户名和密码"]
        oauth2 => Oauth2 {
            /// Path of the token endpoint, on the host of `base_url`.
            #[zh = "令牌接口路径，在 base_url 的主机上"]
            token_path: String = "/oauth/token".to_owned(), "/oauth/token";
            /// OAuth2 scope for which the token is requested.
            #[zh = "权限范围（scope）"]
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
            /// The `aud` claim of the assertion.
            #[zh = "受众（aud）"]
            audience: String;
        }
        /// Logs in first; every request then carries the token or cookie received.
        #[zh = "先登录，取得令牌或 Cookie，之后每个请求携带"]
        session => Session {
            /// The login request.
            #[zh = "登录请求"]
            login: Request;
            /// Path of the token in the JSON answer; without it, requests carry the answer's cookies.
            #[zh = "JSON 应答中令牌的路径；不写则携带应答中的 Cookie"]
            token: Option<String>;
            /// Where requests carry the token.
            #[zh = "令牌放在请求的何处"]
            carrier: Carrier = Carrier::Header, "header";
            /// Name of the header, parameter or cookie.
            #[zh = "请求头、参数或 Cookie 的名称"]
            name: String = "Authorization".to_owned(), "Authorization";
            /// Text before the token, such as `Bearer ` with its space.
            #[zh = "令牌之前的文本，如 Bearer 加一个空格"]
            prefix: String = String::new(), "";
        }
        /// Every request is signed.
        #[zh = "每个请求签名"]
        sign => Sign {
            /// How it is signed.
            #[zh = "签名规则"]
            rule: Sign;
        }
        /// A client certificate: the source's secrets `certificate` and `private_key`, in PEM.
        #[zh = "客户端证书：来源的机密 certificate 与 private_key（PEM）"]
        certificate => Certificate {}
    }
}

words! {
    /// What an answer without records means, and what is done then.
    #[zh = "不是记录的应答作何理解、如何处理"]
    pub enum AnswerMeaning {
        /// A temporary error: the request is repeated after increasing pauses.
        #[zh = "暂时的故障：逐渐拉长间隔重试"]
        "retry" => Retry,
        /// Too many requests: the request is repeated after the time that the platform states.
        #[zh = "请求过多：按平台要求的时间等待后重试"]
        "wait" => Wait,
        /// The token has expired: a new one is fetched, and the request is repeated.
        #[zh = "令牌已过期：取得新令牌后重新请求"]
        "refresh" => Refresh,
        /// No records, but no error either.
        #[zh = "没有记录，也不算错误"]
        "empty" => Empty,
        /// A permanent error: the pass fails without another attempt.
        #[zh = "不重试：本次同步失败"]
        "fail" => Fail,
    }
}

table! {
    /// How to recognise an answer without records, and how to treat it. Every condition given must hold.
    #[zh = "如何识别不是记录的应答，以及如何处理。所写的条件须全部成立"]
    pub struct AnswerRule {
        /// HTTP status codes.
        #[zh = "HTTP 状态码"]
        status: Option<Vec<Within<100, 599>>>;
        /// Path in the JSON answer.
        #[zh = "JSON 应答中的路径"]
        path: Option<String>;
        /// The value at `path` is one of these texts.
        #[zh = "path 处的值是其中之一"]
        is: Option<Vec<String>>;
        /// The first 64 KiB of the answer contain this text.
        #[zh = "应答的前 64 KiB 中含有此文本"]
        contains: Option<String>;
        /// How it is treated.
        #[zh = "作何处理"]
        taken: AnswerMeaning;
        /// Header that gives the seconds to wait.
        #[zh = "给出等待秒数的应答头"]
        wait_header: String = "retry-after".to_owned(), "retry-after";
    }
}

table! {
    /// Request limit of a platform, for all workers together.
    #[zh = "请求频率上限，所有工作进程合计"]
    pub struct Budget {
        /// Maximum number of requests within `seconds`.
        #[zh = "seconds 秒之内最多请求几次"]
        requests: Within<1, 10_000>;
        /// Length of the period, in seconds.
        #[zh = "以多少秒为一段"]
        seconds: Within<1, 86_400> = Within(1), "1";
    }
}

table! {
    /// How the files are downloaded if the source has a base URL and no folder.
    #[zh = "来源设有 base_url 而没有 folder 时，如何下载这些文件"]
    pub struct Download {
        /// The request for the listing, which is one JSON document.
        #[zh = "文件列表的请求；应答为一个 JSON 文档"]
        list: Request;
        /// Path of the array of files in the listing.
        #[zh = "列表中文件数组的路径"]
        items: String;
        /// Path of the file's name in an item of the array.
        #[zh = "条目中文件名的路径"]
        name: String;
        /// Path of a value in an item that is another one once the file has changed, such as its time or its checksum. Without
        /// it, a file is read once, and again only by `sync --full`.
        #[zh = "条目中在文件改动后会随之改变的值的路径，如修改时间或校验和。不写则每个文件只读取一次，只有 sync --full 会再次读取"]
        version: Option<String>;
        /// The request for one file, with `${file}` as its name.
        #[zh = "下载一个文件的请求，以 ${file} 表示文件名"]
        file: Request;
        /// How requests are authenticated.
        #[zh = "认证方式"]
        auth: Auth = Auth::None {}, "none";
    }
}

words! {
    /// Where addresses have the bucket's name.
    #[zh = "存储桶名写在地址的何处"]
    pub enum BucketStyle {
        /// Before the host: `https://BUCKET.HOST/KEY`.
        #[zh = "主机名之前：https://桶名.主机/对象键"]
        "host" => Host,
        /// In the path: `https://HOST/BUCKET/KEY`, as MinIO has it.
        #[zh = "路径之中：https://主机/桶名/对象键（如 MinIO）"]
        "path" => Path,
    }
}

table! {
    /// Where the files are in an S3 object store, if the source has a base URL and no folder. The source's user is the
    /// access key, and its password is the secret key; a temporary key also needs the secret `session_token`. All
    /// objects below the prefix are listed; the part after the last `/` is the file name. Objects are read in the order
    /// in which they were last modified, and read again after they are modified.
    #[zh = "来源设有 base_url 而没有 folder 时，这些文件在 S3 协议对象存储中的位置。来源的用户名为 Access Key，密码为 Secret Key；临时密钥另设机密 session_token。前缀之下的对象全部列出，对象键中最后一个 / 之后为文件名。按修改时间的先后读取；修改过的再读取一次"]
    pub struct Bucket {
        /// Name of the bucket; it can contain `${settings.NAME}`, `${institution}` and `${user}`, as can the next two
        /// keys.
        #[zh = "存储桶名；可含 ${settings.名称}、${institution} 和 ${user}，后面两项也是"]
        name: Template;
        /// Prefix of the objects' keys.
        #[zh = "对象键的前缀"]
        prefix: Template = Template::default(), "";
        /// Region, by the object store's name for it.
        #[zh = "区域，用该对象存储的名称"]
        region: Template = Template::from_text("us-east-1"), "us-east-1";
        /// Where addresses have the bucket's name.
        #[zh = "存储桶名写在地址的何处"]
        style: BucketStyle = BucketStyle::Host, "host";
    }
}

choice! {
    /// How a platform is reached.
    #[zh = "如何与平台对接"]
    pub enum Transport by kind {
        /// HTTP; the source's settings have the base URL and credentials.
        #[zh = "HTTP；网址与凭据在来源设置中"]
        http => Http {
            /// How requests are authenticated.
            #[zh = "认证方式"]
            auth: Auth = Auth::None {}, "none";
            /// Rules for answers without records.
            #[zh = "不是记录的应答如何处理"]
            answers: Vec<AnswerRule> = vec![], "[]";
            /// Request limit of the platform.
            #[zh = "请求频率上限"]
            budget: Option<Budget>;
        }
        /// Files in the folder given by the source's settings, or without a folder, those of `download` or `bucket`.
        /// New and changed files are read in the order in which they were last modified, then by name; digits in names are
        /// compared as numbers (2 before 10).
        #[zh = "来源设置所指文件夹中的文件；没有文件夹时取自 download 或 bucket。新的和改动过的文件按修改时间的先后读取，时间相同的按文件名，其中的数字按大小比较（2 在 10 之前）"]
        files => Files {
            /// Name patterns of the files, each with at most one `*`; case-insensitive.
            #[zh = "文件名模式，每个可含一个 *；不分大小写"]
            names: Vec<String>;
            /// How the files are downloaded if there is no folder.
            #[zh = "没有文件夹时如何下载"]
            download: Option<Box<Download>>;
            /// The bucket that has the files if there is no folder.
            #[zh = "没有文件夹时，文件所在的存储桶"]
            bucket: Option<Box<Bucket>>;
        }
        /// Nothing is fetched: payloads are uploaded with `huiliu upload`, or the platform sends them to `huiliu
        /// receive`.
        #[zh = "不主动读取：原始载荷用 huiliu upload 递交，或由平台发送到 huiliu receive"]
        push => Push {}
    }
}
