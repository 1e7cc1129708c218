# sources of report/
