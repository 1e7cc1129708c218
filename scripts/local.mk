# files of scripts/
