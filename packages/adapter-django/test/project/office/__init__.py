# PyMySQL stands in for mysqlclient, which would have to be compiled; Django asks for this version.
import pymysql

pymysql.version_info = (2, 2, 7, "final", 0)
pymysql.install_as_MySQLdb()
