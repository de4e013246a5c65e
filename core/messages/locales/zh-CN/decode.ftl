# 载荷为何无法读取。
decode-encoding = 第 { $offset } 字节附近不是 { $encoding } 编码
decode-two_encodings = 第 { $line } 行是 UTF-8 编码，其他行是 GB18030 编码：像是两个文件拼在了一起；请把整个文件存为同一种编码
decode-malformed = 无法按 { $format } 格式读取：{ $why }
decode-no_header = 没有包含 { $cells } 的表头行
payload-correction_sheet = 它是更正表，各行用于更正死信，不是新的记录
decode-other_header = 没有包含 { $cells } 的表头行；文件中是 { $found }：请把这些名称加为别名，或用约定的列名重新报送
decode-other_separator = 没有表头行：文件用 { $found } 分隔，而清单要求 { $expected }；请修改清单中的分隔符，或改用 { $expected } 保存文件
decode-empty = 没有表头行：文件是空的；请重新报送
decode-not_text_table = 没有表头行：这不是文本表格，而是{ $what }；请用电子表格软件打开，按清单要求的格式另存
decode-part = { $part }：{ $why }
decode-payload = 已保存的内容无法读取：{ $why }
decode-inconsistent = 展开后的各部分互相矛盾
decode-record_too_large = 第 { NUMBER($record, useGrouping: "false") } 条记录超过 { $max } 字节；请分开报送
decode-refused = 平台返回错误：{ $path } 为 { $found }，应为 { $expected }
decode-too_many_records = 记录超过 { $max } 条；请分批报送
decode-too_many_rows = 超过 { $max } 行；请分批报送
decode-two_columns = 有两列都名为 { $column }

malformed-parser = “{ $why }”
malformed-twice = { $path } 出现了不止一次
malformed-no_list = { $path } 处没有列表
malformed-no_value = { $path } 处没有值
malformed-web_page = 内容以 < 开头，像是网页
malformed-doctype = 不接受 DOCTYPE
malformed-cut = 文档在 </{ $element }> 之前中断
malformed-root = 根元素是 <{ $found }>，应为 <{ $expected }>
malformed-depth = 元素嵌套超过 { $max } 层
malformed-attributes = 有元素的属性超过 { $max } 个
malformed-entity = 不认识的实体 &{ $name };
malformed-line_too_long = 第 { NUMBER($line, useGrouping: "false") } 行超过 { $max } 字节；是否缺少右引号？
malformed-line_too_wide = 第 { NUMBER($line, useGrouping: "false") } 行超过 { $max } 个单元格
malformed-line_not_text = 第 { NUMBER($line, useGrouping: "false") } 行不是文本：“{ $why }”

# 工作簿或压缩包为何无法展开。
unpack-members = 压缩包中有 { $found } 个文件，最多读取 { $max } 个；请分开报送
unpack-size = 展开后超过 { $max } 字节；请分开报送
unpack-ratio = { $name } 展开后超过自身大小的 { $max_ratio } 倍，如同恶意压缩包；请重新打包
unpack-gzip_ratio = 此 gzip 文件展开后超过自身大小的 { $max_ratio } 倍，如同恶意压缩包；请重新打包
unpack-nested = { $name } 是压缩包中的压缩包；请把所有文件直接放进一个压缩包
unpack-name = 压缩包中的文件名 { $name } 指向压缩包之外；请用普通文件名重新打包
unpack-twice = 压缩包中有两个文件都叫 { $name }，只能读到其中一个；请改用不同的文件名重新打包
unpack-encrypted = { $name } 已加密；请去掉密码后报送
unpack-no_member = { $count ->
    [0] 压缩包中没有符合 { $pattern } 的文件；压缩包是空的
   *[other] 压缩包中没有符合 { $pattern } 的文件；现有 { $found }
}
unpack-locked = 工作簿有密码保护；请去掉密码后保存
unpack-not_workbook = 这不是工作簿，而是{ $what }；请用电子表格软件打开，另存为 .xlsx
unpack-no_sheet = { $count ->
    [0] 工作簿中没有工作表
   *[other] 工作簿中没有符合 { $pattern } 的工作表；现有 { $found }
}
unpack-doctype = { $name } 含有 DOCTYPE，而工作簿不需要它；请重新保存工作簿
unpack-columns = 工作表 { $sheet } 的第 { $column } 列有内容，最多读取 { $max } 列；请删除超出部分的内容
unpack-broken = 文件损坏：“{ $why }”；请重新报送
unpack-page_cut = 文件损坏：网页在表格中间中断；请重新报送
unpack-open_quote = 文件损坏：第 { NUMBER($line, useGrouping: "false") } 行所在的一行有引号没有闭合；请重新报送
unpack-records_too_large = { $sheet }：第 { NUMBER($record, useGrouping: "false") } 条前后的 { $records } 条记录超过 { $max } 字节；请分开报送
unpack-text = { $name }：{ $why }
unpack-memory = 读取时占用内存超过 { $mib } MiB；请分开报送
unpack-time = 读取时间超过 { $seconds } 秒；请分开报送
unpack-crash = 读取该文件的进程中断（{ $how }）；请用其他软件打开后重新保存
unpack-crash_signal = 信号 { $signal }
unpack-crash_exit = 退出码 { $exit_code }
unpack-crash_garbled = 其输出不是文本
unpack-start = 无法启动读取该文件的进程：{ $why }
unpack-start_system = { $why }
unpack-start_busy = { $seconds } 秒内没有分到 { $cpu_seconds } 秒处理器时间
unpack-start_ended = 进程被信号 { $signal } 终止
unpack-start_unbounded = 进程未能限制自身的资源，或没有收到内容

unpack-looks_archive = 装有其他文件的压缩包
unpack-looks_empty = 空文件
unpack-looks_page = 网页
unpack-looks_page_without_table = 没有表格的网页
unpack-looks_frames = 框架网页（各工作表在它旁边的其他文件里）
unpack-looks_web_archive = 网页存档（.mht）
unpack-looks_excel_xml = Excel 2003 XML 文件
unpack-looks_xml = XML 文档
unpack-looks_text_table = 文本表格
unpack-looks_other = 其他内容
