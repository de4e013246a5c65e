# 操作系统给出的说明。
system-not_found = 文件或目录不存在
system-permission_denied = 没有权限
system-already_exists = 已经存在
system-not_a_directory = 不是目录
system-is_a_directory = 是目录而不是文件
system-read_only = 文件系统只读
system-disk_full = 磁盘空间不足
system-too_many_files = 打开的文件过多
system-address_in_use = 端口已被占用
system-connection_refused = 连接被拒绝
system-connection_reset = 连接被对方断开
system-timed_out = 没有按时应答
system-unreachable = 网络或主机不可达
system-unknown_host = 找不到该主机
system-unexpected_end = 内容不完整，中途结束
system-not_utf8 = 内容不是 UTF-8 编码
system-other = “{ $text }”
