"""An example for robots that look at people: who looks at the robot, with open eyes, and whose mouth moves."""
