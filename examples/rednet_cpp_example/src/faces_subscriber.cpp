// Subscribes `faces` and says once a second who is nearest.
//
// ros2 run rednet_cpp_example faces_subscriber --ros-args -r faces:=/faces

#include <memory>

#include <rclcpp/rclcpp.hpp>
#include <rednet_ros/msg/face_landmarks.hpp>

#include "rednet_cpp_example/nearest_face.hpp"

class FacesSubscriber : public rclcpp::Node
{
public:
  FacesSubscriber()
  : rclcpp::Node("faces_subscriber")
  {
    using rednet_ros::msg::FaceLandmarks;
    subscription_ = create_subscription<FaceLandmarks>(
      "faces", rclcpp::QoS(10), [this](FaceLandmarks::ConstSharedPtr message) {faces_received(*message);});
  }

private:
  void faces_received(const rednet_ros::msg::FaceLandmarks & message)
  {
    const auto * face = rednet_cpp_example::nearest_face(message);
    if (face == nullptr) {
      RCLCPP_INFO_THROTTLE(get_logger(), *get_clock(), 1000, "%zu faces, none with a pose", message.faces.size());
      return;
    }
    const auto & position = face->head_pose.position;
    RCLCPP_INFO_THROTTLE(
      get_logger(), *get_clock(), 1000, "%zu faces; nearest: %s at (%.2f, %.2f, %.2f) m in %s", message.faces.size(),
      face->id.c_str(), position.x, position.y, position.z, message.header.frame_id.c_str());
  }

  rclcpp::Subscription<rednet_ros::msg::FaceLandmarks>::SharedPtr subscription_;
};

int main(int argc, char ** argv)
{
  rclcpp::init(argc, argv);
  rclcpp::spin(std::make_shared<FacesSubscriber>());
  rclcpp::shutdown();
  return 0;
}
