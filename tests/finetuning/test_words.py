from kgrec.finetuning.words import joined, words


def test_latin_at_spaces_and_chinese_by_words() -> None:
    assert words("Sony - KDL-40 TV, 15.6寸电脑包") == ["Sony", "KDL-40", "TV,", "15.6", "寸", "电脑包"]


def test_there_may_be_none() -> None:
    assert words("") == words(" -- !") == []


def test_a_space_stands_wherever_one_side_is_not_chinese() -> None:
    assert joined(["运动", "鞋", "nike", "air", "男"]) == "运动鞋 nike air 男"
    assert joined([]) == ""
