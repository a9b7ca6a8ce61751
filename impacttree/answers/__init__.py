"""What every answer is made of, apart from the questions: the tree as asked about, its words, ranges and warnings.

A question in `impacttree.analyses` puts these together; none of them asks a question of its own.
"""
