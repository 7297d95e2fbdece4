// Compiled and run by test_cpp.py: the generated messages and the example's header, without rclcpp.

#include <iostream>

#include "rednet_cpp_example/nearest_face.hpp"

using rednet_ros::msg::Face;
using rednet_ros::msg::FaceLandmarks;
using rednet_ros::msg::Landmark;

Face make_face(const char * id, bool has_pose, double z_m)
{
  Face face;
  face.id = id;
  face.state = Face::STATE_TRACKED;
  face.confidence = 0.9F;
  face.head_pose_valid = has_pose;
  face.head_pose.position.z = z_m;
  for (int i = 0; i < Face::LANDMARK_COUNT; ++i) {
    Landmark landmark;
    landmark.x = static_cast<float>(i);
    landmark.y = -0.5F;
    landmark.confidence = 1.0F;
    face.landmarks.push_back(landmark);
  }
  return face;
}

int main()
{
  FaceLandmarks message;
  message.header.frame_id = "camera";
  message.image_width = 640;
  message.image_height = 480;
  message.weights = "rednet-lite";
  const bool is_null_where_nobody_is = rednet_cpp_example::nearest_face(message) == nullptr;
  message.faces = {make_face("f1", true, 2.0), make_face("f2", false, 0.0), make_face("f3", true, 1.0)};

  const Face * nearest = rednet_cpp_example::nearest_face(message);
  const auto eye = rednet_cpp_example::region(*nearest, Face::LEFT_EYE_FIRST, Face::LEFT_EYE_LAST);
  const auto none = rednet_cpp_example::region(Face(), Face::LEFT_EYE_FIRST, Face::LEFT_EYE_LAST);
  std::cout << is_null_where_nobody_is << ' ' << nearest->id << ' ' << eye.size() << ' ' << eye.front().x << ' '
            << none.size() << ' ' << static_cast<int>(Face::LANDMARK_COUNT) << '\n';
  return 0;
}
