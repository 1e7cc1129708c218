# files of models/
