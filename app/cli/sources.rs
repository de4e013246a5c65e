//! What is asked about sources and their secrets.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Why;

#[derive(Debug, Subcommand)]
pub enum Sources {
    /// List. 列表
    List,
    /// Register a source; it is read without a restart. 注册来源，无需重启
    Add {
        name: String,
        /// Connector id. 连接器
        #[arg(long)]
        connector: String,
        /// Code of the institution that answers for its data. 机构代码
        #[arg(long)]
        institution_code: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        why: Why,
    },
    /// Change what is given, leave the rest. 修改
    Set {
        name: String,
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        why: Why,
    },
    /// Read it no longer; its secrets go, what was received stays. 移除；已接收的保留
    Remove {
        name: String,
        #[command(flatten)]
        why: Why,
    },
}

/// Where and when a source is read.
#[derive(Debug, Clone, Args)]
pub struct Place {
    /// Name of the institution. 机构名称
    #[arg(long)]
    pub institution_name: Option<String>,
    /// Base URL. 平台地址
    #[arg(long)]
    pub base_url: Option<String>,
    /// User, client id or application id. 用户名
    #[arg(long)]
    pub user: Option<String>,
    /// Folder of dropped files. 文件夹
    #[arg(long)]
    pub folder: Option<PathBuf>,
    /// Cron expression in Asia/Shanghai; "" for never by itself. 定时
    #[arg(long)]
    pub schedule: Option<String>,
    /// KEY=VALUE for the manifest; an empty value takes it away. 其他设置
    #[arg(long = "setting", value_name = "KEY=VALUE", value_parser = setting)]
    pub settings: Vec<(String, String)>,
}

#[derive(Debug, Subcommand)]
pub enum Secrets {
    /// List names, never values. 列表（不显示值）
    List,
    /// Seal a value, read from standard input. 设置，值从标准输入读取
    Set {
        source: String,
        /// As `password`. 名称，如 password
        name: String,
        #[command(flatten)]
        why: Why,
    },
    /// Remove one. 移除
    Remove {
        source: String,
        name: String,
        #[command(flatten)]
        why: Why,
    },
}

fn setting(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() => Ok((key.trim().to_owned(), value.to_owned())),
        _ => Err("give it as KEY=VALUE".to_owned()),
    }
}
