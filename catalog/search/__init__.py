"""What a search for models finds: other spellings, aliases, names of vendors in Chinese and in pinyin. No database."""
