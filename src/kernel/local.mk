# sources of kernel/
