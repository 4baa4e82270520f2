# Generated from chapters/unicode.md by "python -m booktools extract". Do not edit.
"""Saved code of chapters/unicode.md."""

__all__ = ["名字", "数", "加"]


# chapters/unicode.md, "微积分：导数 $\nabla f$ "甲""
名字 = "值"; 数 = 1


# chapters/unicode.md, "微积分：导数 $\nabla f$ "甲""
def 加(甲, 乙="𝛼 #@save"):
    """加法。"""
    return 甲 + 乙 + 数
