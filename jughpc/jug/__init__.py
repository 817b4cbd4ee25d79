"""The face that `import jug` shows to a jugfile."""
