// What a C++ node may want of rednet_ros/FaceLandmarks: the nearest face, and the points of a region. No rclcpp here.

#pragma once

#include <cstddef>
#include <cstdint>  // the messages need it, and where Jazzy generated them do not include it: seen with GCC 16
#include <vector>

#include <rednet_ros/msg/face_landmarks.hpp>

namespace rednet_cpp_example
{

using rednet_ros::msg::Face;
using rednet_ros::msg::FaceLandmarks;
using rednet_ros::msg::Landmark;

/// The face with a head pose that is nearest to the camera, null where no face has a pose. Lives as long as `message`.
inline const Face * nearest_face(const FaceLandmarks & message)
{
  const Face * nearest = nullptr;
  for (const Face & face : message.faces) {
    const bool is_nearer = nearest == nullptr || face.head_pose.position.z < nearest->head_pose.position.z;
    if (face.head_pose_valid && is_nearer) {
      nearest = &face;
    }
  }
  return nearest;
}

/// The landmarks `first` to `last`, both included, such as Face::RIGHT_EYE_FIRST to Face::RIGHT_EYE_LAST; empty where
/// `face` has too few.
inline std::vector<Landmark> region(const Face & face, std::size_t first, std::size_t last)
{
  if (last < first || last >= face.landmarks.size()) {
    return {};
  }
  const auto begin = face.landmarks.begin();
  return {begin + static_cast<std::ptrdiff_t>(first), begin + static_cast<std::ptrdiff_t>(last) + 1};
}

}  // namespace rednet_cpp_example
