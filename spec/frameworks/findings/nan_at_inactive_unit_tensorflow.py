"""TensorFlow: a NaN gradient passes a ReLU that is off."""

import tensorflow as tf

x = tf.constant([-1.0])
with tf.GradientTape() as tape:
    tape.watch(x)
    y = tf.nn.relu(x)
print("TensorFlow:", tape.gradient(y, x, tf.constant([float("nan")])).numpy()[0])
