//! `secrets`: passwords and keys of sources, sealed in the database. A value comes in on standard input and never out again.

use std::io::Read as _;

use huiliu_engine::database::Make;
use huiliu_engine::operations::Act;
use huiliu_engine::operations::secrets::{self, SecretName};
use huiliu_store::admin::sources::SecretTold;

use crate::cli::Secrets;
use crate::render::{moment, show, show_page};
use crate::settings::Settings;
use crate::table::table;
use crate::words::{both, say, spoken, tr};
use crate::{CliError, open};

/// No secret is longer, in bytes.
const MAX_SECRET: u64 = 64 << 10;

pub async fn run(settings: Settings, asked: Secrets, json: bool) -> Result<(), CliError> {
    match asked {
        Secrets::List => {
            let opened = open::database(&settings, Make::Nothing).await?;
            let page = secrets::list(&opened).await?;
            opened.close().await;
            show_page(json, &page, show_rows);
        }
        Secrets::Set { source, name, why } => {
            let value = value()?;
            let opened = open::database(&settings, Make::Files).await?;
            let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
            let secret = SecretName { source: &source, name: &name };
            let sealed = secrets::set(&opened, &settings.engine, act, secret, &value).await?;
            opened.close().await;
            show(json, &sealed, |_| say(tr("sealed; it is not shown again", "已密封；不再显示")));
        }
        Secrets::Remove { source, name, why } => {
            let opened = open::database(&settings, Make::Nothing).await?;
            let act = Act { actor: &settings.actor, because: &why.because.unwrap_or_default() };
            let removed = secrets::remove(&opened, act, SecretName { source: &source, name: &name }).await?;
            opened.close().await;
            show(json, &removed, |_| say(tr("removed", "已移除")));
        }
    }
    Ok(())
}

fn show_rows(rows: &[SecretTold]) {
    let heading =
        [tr("source", "来源"), tr("secret", "名称"), tr("set", "设置时间"), tr("by", "操作人"), tr("key", "密钥")];
    let cells = |row: &SecretTold| {
        vec![row.source.clone(), row.name.clone(), moment(&row.set_at), row.set_by.clone(), row.generation.to_string()]
    };
    table(&heading, &rows.iter().map(cells).collect::<Vec<_>>());
}

/// What stands on standard input, without the end of its line.
fn value() -> Result<String, CliError> {
    let mut text = String::new();
    let refused = |why: &str| {
        CliError::usage(both!(
            "cannot take the secret from standard input: {why}; give it as in `huiliu secrets set SOURCE password < FILE`",
            "无法从标准输入取得密钥：{why}；请如 `huiliu secrets set 来源 password < 文件` 给出"
        ))
    };
    std::io::stdin().take(MAX_SECRET + 1).read_to_string(&mut text).map_err(|e| refused(&spoken(&e)))?;
    let value = text.strip_suffix('\n').unwrap_or(&text);
    let value = value.strip_suffix('\r').unwrap_or(value);
    if value.is_empty() {
        return Err(refused(tr("it is empty", "内容为空")));
    }
    if text.len() as u64 > MAX_SECRET {
        return Err(refused(&both!("it is longer than {MAX_SECRET} bytes", "超过 {MAX_SECRET} 字节")));
    }
    Ok(value.to_owned())
}
